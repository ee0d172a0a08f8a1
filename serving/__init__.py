"""A local Act-Two: Runway's HTTP interface on this machine, over Understudy's command line. Never Blender."""
