"""`python -m trainer`, and so `torchrun -m trainer` and `deepspeed --module trainer`."""

from trainer.cli.main import run

if __name__ == "__main__":
    run()
