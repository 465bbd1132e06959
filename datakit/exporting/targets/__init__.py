"""The formats that a build can be exported to, a file each."""
