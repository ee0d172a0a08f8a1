"""The sidebar's tab: panels that draw what is there, in the order of work, and compute nothing."""
