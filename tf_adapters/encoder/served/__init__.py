"""What an encoder becomes for an export."""
