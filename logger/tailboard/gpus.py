"""What the GPUs do: NVIDIA through NVML (as nvidia-smi does), AMD through sysfs. No dependency.

NVML's C library comes with the driver and is called by ctypes; where it cannot be loaded,
`nvidia-smi` is asked.
"""

from __future__ import annotations

import glob
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import CDLL

    Sample = dict[str, float]

_SMI_FIELDS = {
    "utilization.gpu": ("util_percent", 1.0),
    "memory.used": ("memory_used_bytes", 1024.0**2),
    "memory.total": ("memory_total_bytes", 1024.0**2),
    "power.draw": ("power_watts", 1.0),
    "temperature.gpu": ("temp_celsius", 1.0),
}
"""Fields of `nvidia-smi --query-gpu`, our names, and the factor between the units."""

_SMI_TIMEOUT_S = 5.0

_NVIDIA_DEVICE = "/dev/nvidiactl"


class Gpus:
    """Finds once what kind of GPUs there are; `sample` then reads those that the run may use."""

    def __init__(self) -> None:
        """Nothing is asked yet; what the sampler's thread will need is imported before it starts.

        A child that is forked while another thread imports a module waits for ever when it imports the same.
        """
        self._read: Callable[[], Sample] | None = None
        self._is_sought = False
        if os.path.exists(_NVIDIA_DEVICE):
            import ctypes  # noqa: F401
            import subprocess  # noqa: F401

    def sample(self) -> Sample:
        """`gpu/<index>/<field>`; empty without a GPU. Fields that a device does not tell are missing."""
        if not self._is_sought:
            self._is_sought = True
            self._read = self._find()
        return self._read() if self._read is not None else {}

    def _find(self) -> Callable[[], Sample] | None:
        if os.path.exists(_NVIDIA_DEVICE):
            nvml = Nvml.load()
            return nvml.sample if nvml is not None else _ask_nvidia_smi
        cards = sorted(glob.glob("/sys/class/drm/card[0-9]*/device/gpu_busy_percent"))
        return (lambda: _read_amd(cards)) if cards else None


def visible(index: int, uuid: str) -> bool:
    """Whether CUDA_VISIBLE_DEVICES, if set, lets the run use this GPU."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return True
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    return any(name == str(index) or (not name.isdigit() and uuid.startswith(name)) for name in names)


class Nvml:
    """The few calls of NVML that are needed.

    Source: NVML API reference, https://docs.nvidia.com/deploy/nvml-api/
    """

    def __init__(self, library: CDLL) -> None:
        import ctypes

        self._library = library
        self._ctypes = ctypes
        self._devices: list[tuple[int, object]] = []
        count = ctypes.c_uint()
        self._call("nvmlDeviceGetCount_v2", ctypes.byref(count))
        for index in range(count.value):
            handle = ctypes.c_void_p()
            uuid = ctypes.create_string_buffer(96)
            if not self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle)):
                continue
            self._call("nvmlDeviceGetUUID", handle, uuid, ctypes.c_uint(96))
            if visible(index, uuid.value.decode("ascii", "replace")):
                self._devices.append((index, handle))

    @classmethod
    def load(cls) -> Nvml | None:
        """The library of the installed driver, None where it cannot be used."""
        import ctypes

        try:
            library = ctypes.CDLL("libnvidia-ml.so.1")
            return cls(library) if library.nvmlInit_v2() == 0 else None
        except (OSError, AttributeError):
            return None

    def _call(self, name: str, *arguments: object) -> bool:
        try:
            return getattr(self._library, name)(*arguments) == 0  # type: ignore[no-any-return]  # an int from C
        except AttributeError:  # an older driver without this function
            return False

    def sample(self) -> Sample:
        """The values now."""
        found: Sample = {}
        for index, handle in self._devices:
            found.update({f"gpu/{index}/{name}": value for name, value in self._device(handle).items()})
        return found

    def _device(self, handle: object) -> Sample:
        ctypes = self._ctypes
        found: Sample = {}
        utilization = (ctypes.c_uint * 2)()  # gpu, memory: percent
        if self._call("nvmlDeviceGetUtilizationRates", handle, ctypes.byref(utilization)):
            found["util_percent"] = utilization[0]
        memory = (ctypes.c_ulonglong * 3)()  # total, free, used: bytes
        if self._call("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory)):
            found["memory_used_bytes"], found["memory_total_bytes"] = memory[2], memory[0]
        value = ctypes.c_uint()
        if self._call("nvmlDeviceGetPowerUsage", handle, ctypes.byref(value)):
            found["power_watts"] = value.value / 1000
        if self._call("nvmlDeviceGetTemperature", handle, ctypes.c_int(0), ctypes.byref(value)):
            found["temp_celsius"] = value.value
        return found


def _ask_nvidia_smi() -> Sample:
    """The same facts from the command; empty where it fails or hangs."""
    import subprocess

    query = "--query-gpu=index,uuid," + ",".join(_SMI_FIELDS)
    try:
        done = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_SMI_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return parse_nvidia_smi(done.stdout)


def parse_nvidia_smi(text: str) -> Sample:
    """Samples from the lines of `nvidia-smi --format=csv,noheader,nounits`; `[N/A]` is left out."""
    found: Sample = {}
    for line in text.splitlines():
        index, *values = [value.strip() for value in line.split(",")]
        if not index.isdigit() or not values or not visible(int(index), values.pop(0)):
            continue
        for (name, factor), value in zip(_SMI_FIELDS.values(), values, strict=False):
            try:
                found[f"gpu/{index}/{name}"] = float(value) * factor
            except ValueError:
                continue
    return found


def _read_amd(cards: list[str]) -> Sample:
    """amdgpu's files. Source: Documentation/gpu/amdgpu/thermal.rst and driver-misc.rst of the kernel."""
    found: Sample = {}
    for index, card in enumerate(cards):
        device = os.path.dirname(card)
        files = {
            "util_percent": (card, 1.0),
            "memory_used_bytes": (f"{device}/mem_info_vram_used", 1.0),
            "memory_total_bytes": (f"{device}/mem_info_vram_total", 1.0),
            "power_watts": (f"{device}/hwmon/hwmon*/power1_average", 1e-6),
            "temp_celsius": (f"{device}/hwmon/hwmon*/temp1_input", 1e-3),
        }
        for name, (pattern, factor) in files.items():
            value = _number(pattern)
            if value is not None:
                found[f"gpu/{index}/{name}"] = value * factor
    return found


def _number(pattern: str) -> float | None:
    for path in glob.glob(pattern):
        try:
            with open(path, encoding="ascii") as file:
                return float(file.read())
        except (OSError, ValueError):
            continue
    return None
