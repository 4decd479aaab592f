"""What images, video and audio share: pointers to bytes, and a child process that decodes them."""
