"""Reading the codes of a user's own images, and what is made of them: tables, sorted folders, contact sheets."""
