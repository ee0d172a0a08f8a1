"""The steps of retarget.py, one floor up: how limbs, feet, hands and face of one build come onto another.

tpose.py measures the character, and everything else builds on it; performed.py is the way back.
"""
