"""What has to be computed to be shown."""
