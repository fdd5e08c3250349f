"""What each stage of the platform is made of, in reading order: one file a stage."""
