"""Networks written for other programs, one file a format; each file is read again and run before it is written."""
