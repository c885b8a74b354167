"""What the command line does beside running: one file a command. Arguments are ``__main__``'s."""
