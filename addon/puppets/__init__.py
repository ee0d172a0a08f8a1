"""Pictures as characters: a puppet's sheets, bones and shapes in Blender, and the camera that frames its picture."""
