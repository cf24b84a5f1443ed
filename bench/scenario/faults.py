"""What happens to fepd's disk and clock during a run: two libraries loaded before its own, and the files that steer them.
They are those of the system tests, built with everything else."""

import os
import struct

EIO = 5

#  word: (lowest, highest, meaning) of its number
WORDS = {
    "disk_slow": (0, 60000, "each sync of the store takes so many milliseconds longer; 0: no longer"),
    "disk_eio": (0, 0, "syncs fail until fepd has ended; then it is started again"),
    "clock": (-864000, 864000, "fepd's wall clock is off by so many seconds from then on"),
}


class Faults:
    def __init__(self, programs, directory):
        built = os.path.join(os.path.dirname(os.path.abspath(programs)), "tests")
        self.libraries = [os.path.join(built, f"lib{name}_shim.so") for name in ("disk", "clock")]
        self.disk, self.clock = os.path.join(directory, "fault.disk"), os.path.join(directory, "fault.clock")
        self.store = os.path.join(directory, "store")
        missing = next((path for path in self.libraries if not os.path.exists(path)), None)
        if missing:
            raise OSError(f"{missing} is missing: build all targets")
        self.set_disk()
        self.set_clock(0)

    def set_disk(self, sync_ms=0, sync_errno=0):
        self._write(self.disk, struct.pack("=iii", sync_ms, 0, sync_errno))

    def set_clock(self, seconds):
        self._write(self.clock, struct.pack("=q", seconds))

    @staticmethod
    def _write(path, data):
        """In place: it is mapped."""
        with open(path, "r+b" if os.path.exists(path) else "wb") as file:
            file.write(data)

    def environment(self):
        return {**os.environ, "LD_PRELOAD": ":".join(self.libraries), "FEP_TEST_FAULT": self.disk,
                "FEP_TEST_DISK": self.store, "FEP_TEST_CLOCK": self.clock}
