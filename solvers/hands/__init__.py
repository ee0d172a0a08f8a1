"""The performer's hands: how they lie, how their fingers bend, and when they touch something of the performer's own."""
