"""Builders and a check that meet a fault; in a module of their own, as workers import it by name."""

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

import polars as pl
from toy_builder import Toy, ToyReason

from openmed_data.builder import Options, Rows
from openmed_data.check import Check, Figure, Scan, Settings


class Faulty(Toy):
    """Does what a toy does; on a batch with the row `at`, the first `times` attempts end otherwise.

    Attempts are counted in `folder`, since a worker that dies remembers nothing.
    """

    def __init__(self, folder: Path, at: str, times: int = 1) -> None:
        self.folder, self.at, self.times = folder, at, times

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        if self.at in batch["id"]:
            attempts = self.folder / "attempts"
            with attempts.open("a") as stream:
                stream.write(".")
            if attempts.stat().st_size <= self.times:
                self.fail(batch)
        return super().rows(batch, state, options)

    def fail(self, batch: pl.DataFrame) -> Any:
        raise NotImplementedError


class Killed(Faulty):
    """The worker is gone, as when a node is lost or the kernel needs memory."""

    def fail(self, batch: pl.DataFrame) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Full(Faulty):
    """The disk of a node is full."""

    def fail(self, batch: pl.DataFrame) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "part.arrow")


class Poisoned(Faulty):
    """A row that the builder does not cope with."""

    def fail(self, batch: pl.DataFrame) -> Any:
        raise KeyError(batch["question"][0])


class Slow(Faulty):
    """Takes its time over every part, so that there is time to stop it."""

    def rows(self, batch: pl.DataFrame, state: int, options: Options) -> Rows:
        time.sleep(1)
        return Toy.rows(self, batch, state, options)


class Fragile(Check[Settings]):
    """A check that does not cope with one kind of row."""

    name = "fragile"
    summary = "breaks"
    codes = ToyReason

    @property
    def settings_model(self) -> type[Settings]:
        return Settings

    def scan(self, batch: pl.DataFrame, settings: Settings) -> Scan:
        if batch["id"].str.ends_with("-private").any():
            raise ValueError(batch["prompt"][0])
        return Scan()

    def assess(self, counts: pl.DataFrame, settings: Settings) -> tuple[Figure, ...]:
        return ()


FRAGILE = Fragile()
