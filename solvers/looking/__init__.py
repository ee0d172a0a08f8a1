"""The detector's process: what it does on its way through a video, and what it finds in a quick look beforehand.

detect.py, one floor up, starts it; detectors/ is what sees.
"""
