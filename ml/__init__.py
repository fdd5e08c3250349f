"""What runs on the platform: everything here but `ml.flights` knows nothing of flights."""
