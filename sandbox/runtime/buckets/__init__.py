"""What the emulator has not of S3's buckets."""
