"""The performer's body, of what the network saw of it: points put right, bones fitted to them, feet on the floor.

These are steps of solve.py, one floor up; observed.py is where they begin.
"""
