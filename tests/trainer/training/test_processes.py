"""How processes find each other."""

from __future__ import annotations

from trainer.training.processes import _of_slurm


def test_a_task_of_srun_knows_its_place_and_the_first_node() -> None:
    task = {
        "SLURM_JOB_ID": "1234567",
        "SLURM_STEP_ID": "2",
        "SLURM_PROCID": "11",
        "SLURM_LOCALID": "0",
        "SLURM_STEP_NUM_TASKS": "16",
        "SLURM_LAUNCH_NODE_IPADDR": "10.0.0.1",
    }
    assert _of_slurm(task) == {
        "RANK": "11",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "16",
        "MASTER_ADDR": "10.0.0.1",
        "MASTER_PORT": "24569",
    }
