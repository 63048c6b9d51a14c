"""`python -m gan_run` is `gan-run`."""

from gan_run.cli import main

if __name__ == "__main__":
    main(prog_name="gan-run")
