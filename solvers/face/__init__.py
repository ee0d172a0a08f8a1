"""The performer's face: its expressions, lids, lips, eyes and head, and how far it goes when it is asked to."""
