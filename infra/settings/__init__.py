"""What a stack's file may say."""
