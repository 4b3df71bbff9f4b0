"""What the groups write, each panel a part of what TensorBoard shows."""
