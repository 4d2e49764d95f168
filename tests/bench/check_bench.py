# SPDX-License-Identifier: GPL-3.0-or-later
"""What one check costs, against the design's figures; what cc_service_info's call costs in a warm process.

    PYTHONPATH=.cache/collections:tests .venv/bin/python tests/bench/check_bench.py [--rounds 60] [--keep] [--strict]

Every round runs every contender once, in an order that changes from round to round, so that whatever else the
machine does falls on all of them alike. Wall time is from the start of the process to its end as seen from here; CPU
time is the kernel's account of the process and its children (wait4). Simulators run in processes of their own; their
time is inside of the wall times, and is shown apart. Writes build/bench/check.json and prints a table; --keep copies
both to docs/bench/; with --strict, a figure that is missed is exit status 1.

The design's figures come from a machine whose `python3 -I -S -c pass` took 11 ms, and the C client 14 to 17 ms of wall
and 10 to 12 ms of CPU time. There is no C client here: the figures are scaled by what `pass` takes in the same run, and
the lower end of each range counts.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_options
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._python_bundle import python_bundle
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files.cc_enabled_check import command_line, http, signing, soap

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "roles/cc_gateway/files"
PYTHON = "/usr/bin/python3"
PASS_MS, C_WALL_MS, C_CPU_MS, BACKEND_MS, WATCH_CPU_MS = 11.0, 14.0, 10.0, 15.0, 12.0
COLUMNS = ("wall_ms", "cpu_ms")
Sample = tuple[float, float]


@contextlib.contextmanager
def simulator(*arguments: str) -> Iterator[int]:
    """A simulator in a process of its own; its port."""
    command = [sys.executable, "-m", "cc_simulator", "serve", "--host", "127.0.0.1", "--port", "0", "--state", "ENABLED", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT / "tests", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout, "it was asked for above"
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


def install(directory: Path) -> str:
    """The check as the role installs it, with its compiled form; the launcher's path."""
    (directory / "cc_enabled_check.py").write_text(python_bundle(str(FILES / "cc_enabled_check")))
    launcher = str(shutil.copy(FILES / "cc_enabled_check_launcher.py", directory / "cc-enabled-check"))
    subprocess.run([PYTHON, "-m", "py_compile", directory / "cc_enabled_check.py"], check=True)
    return launcher


def install_package(directory: Path) -> str:
    """The check as a package, which hosts do not get, to compare with; the launcher's path."""
    shutil.copytree(FILES / "cc_enabled_check", directory / "cc_enabled_check", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    subprocess.run([PYTHON, "-m", "compileall", "-q", directory], check=True)
    return str(shutil.copy(FILES / "cc_enabled_check_launcher.py", directory / "cc-enabled-check"))


def run_process(command: list[str], good: int = 0) -> Sample:
    """(wall, CPU) in ms of a process that must end with this status."""
    null = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=null)
    _pid, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != good:
        raise SystemExit(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
    return wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def run_function(function: Callable[[], object]) -> Sample:
    """(wall, CPU) in ms of a call in this process."""
    cpu, start = time.process_time(), time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1000, (time.process_time() - cpu) * 1000


def exchange(port: int, request: bytes) -> None:
    """Send a ready-made request and read the answer to its end: the simulator's own time and loopback's, no more."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if b" 200 " not in answer[:20]:
        raise SystemExit(f"the simulator refuses the bench's request: {answer[-300:]!r}")


def ready_made(port: int, keys: Path) -> Callable[[], bytes]:
    """A function that returns a fresh request; the signature is made beforehand, outside of the measured time."""
    options = command_line.parse_arguments(["--port", str(port)])
    url = f"http://127.0.0.1:{port}{soap.SERVICE}"
    headers = 'Content-Type: text/xml; charset=UTF-8\r\nSOAPAction: "%s"\r\nContent-Length: %d\r\n'

    def make() -> bytes:
        message_id = f"urn:uuid:{os.urandom(4).hex()}-0000-4000-a000-000000000000"
        openssl = signing.Openssl(str(keys / "cloud-pk.pem"))
        content = signing.signed_request(
            url, message_id, time.time(), openssl.start, lambda: signing.certificate_of(str(keys / "cloud-cert.pem"))
        )
        return bytes(http.http_request(options, "POST " + soap.SERVICE, headers % (signing.ACTION, len(content)), content))

    return make


def backend(port: int, keys: Path) -> Callable[[], None]:
    """cc_service_info's call in this process, once imported; as the module makes it, client and all."""
    parameters = {name: option.get("default") for name, option in _cc_options.argument_spec().items()}
    parameters.update(host="127.0.0.1", port=port, timeout=10)
    parameters.update(client_key=str(keys / "cloud-pk.pem"), client_cert=str(keys / "cloud-cert.pem"))
    parameters.update(cc_cert=str(keys / "cluster-cert.pem"))

    def call() -> None:
        client, _warnings = _cc_options.make_client(parameters)
        if not client.describe_services()["enabled"]:
            raise SystemExit("cc_service_info does not find the simulator ENABLED")

    return call


def measure(rounds: int, directory: Path) -> dict[str, list[Sample]]:
    """{contender: [(wall, CPU), ...]} in ms."""
    keys = directory / "keys"
    subprocess.run([sys.executable, "-m", "cc_simulator", "keys", str(keys)], cwd=ROOT / "tests", check=True)
    state_file = directory / "eucalyptusCCConfig"
    launcher = install(directory)
    (directory / "package").mkdir()
    package = install_package(directory / "package")
    with simulator("--keys", str(keys), "--state-file", str(state_file)) as port:
        isolated = [PYTHON, "-E", "-s", "-S"]
        pair = ["--key", str(keys / "cloud-pk.pem"), "--cert", str(keys / "cloud-cert.pem")]
        file = ["--port", str(port), "--source", "state_file", "--state-file", str(state_file)]
        # As the role calls it at an interval of 1 s; without --watch it is the same run but for the wait.
        memory = ["--memory", str(directory / "memory"), "--grace", "5", "--live-every", "5"]
        newly = ["--newly-enabled", "2.4", "--memory", str(directory / "memory")]
        arguments = {
            "soap": ["--port", str(port), *pair],
            "state_file, GET in every run": file,
            "state_file": [*file, *memory],
            "state_file, watching 0.88 s": [*file, *memory, "--watch", "0.88"],
        }
        processes = {
            "python3 -I -S -c pass": [PYTHON, "-I", "-S", "-c", "pass"],
            "openssl dgst -sha1 -sign": ["/usr/bin/openssl", "dgst", "-sha1", "-sign", pair[1], os.devnull],
            **{f"check, {name}": [*isolated, launcher, *words] for name, words in arguments.items()},
            "check, newly enabled": [*isolated, launcher, *newly],
            "check, newly enabled, watching 0.88 s": [*isolated, launcher, *newly, "--watch", "0.88"],
            "check, soap, not compiled": [*isolated, str(directory / "cc_enabled_check.py"), *arguments["soap"]],
            "check as a package, soap": [*isolated, package, *arguments["soap"]],
            "check as a package, state_file, GET in every run": [*isolated, package, *file],
        }
        make = ready_made(port, keys)
        calls = {"cc_service_info, warm": backend(port, keys)}
        results: dict[str, list[Sample]] = {name: [] for name in [*processes, "simulator alone", *calls]}
        for number in range(-2, rounds):  # the first two warm the caches and do not count
            order = list(results)
            order = order[number % len(order):] + order[:number % len(order)]
            for name in order:
                if name in processes:
                    # Nothing is newly enabled here, and that is status 1.
                    sample = run_process(processes[name], 1 if "newly" in name else 0)
                elif name == "simulator alone":
                    request = make()
                    sample = run_function(functools.partial(exchange, port, request))
                else:
                    sample = run_function(calls[name])
                if number >= 0:
                    results[name].append(sample)
    return results


def summarise(results: dict[str, list[Sample]]) -> dict[str, dict]:
    """Medians, least, and tenth and ninetieth percentile, of wall and CPU."""
    summary: dict[str, dict] = {}
    for name, samples in results.items():
        summary[name] = {}
        for column, values in zip(COLUMNS, zip(*samples, strict=True), strict=True):
            tenths = statistics.quantiles(values, n=10)
            summary[name][column] = {
                "median": round(statistics.median(values), 2), "p10": round(tenths[0], 2), "p90": round(tenths[-1], 2),
                "least": round(min(values), 2),
            }  # fmt: skip
    return summary


def goals(summary: dict[str, dict]) -> list[tuple[str, float, float]]:
    """[(what, measured ms, limit ms)]"""
    scale, cpu_scale = (summary["python3 -I -S -c pass"][column]["median"] / PASS_MS for column in COLUMNS)

    def of(name: str, column: str = "wall_ms") -> float:
        return float(summary[name][column]["median"])

    over_server = of("cc_service_info, warm") - of("simulator alone")
    return [
        ("check, soap: wall, 2 x C client", of("check, soap"), 2 * C_WALL_MS * scale),
        ("check, soap: CPU, 2 x C client", of("check, soap", "cpu_ms"), 2 * C_CPU_MS * scale),
        ("check, state_file, GET in every run: wall, 1 x C client", of("check, state_file, GET in every run"), C_WALL_MS * scale),
        ("check, state_file, watching 0.88 s: CPU", of("check, state_file, watching 0.88 s", "cpu_ms"), WATCH_CPU_MS * cpu_scale),
        ("check, newly enabled, watching 0.88 s: CPU", of("check, newly enabled, watching 0.88 s", "cpu_ms"), WATCH_CPU_MS * cpu_scale),
        ("cc_service_info, warm: wall over the simulator's own", over_server, BACKEND_MS),
    ]


def table(report: dict) -> str:
    """The report as Markdown."""
    machine = report["machine"]
    lines = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "# Measured: cost of a check",
        "",
        f"Medians of {report['rounds']} interleaved rounds (10th to 90th percentile; least) in ms. "
        "The times of the check and of cc_service_info contain the simulator's own.",
        "",
        "| what | wall ms | CPU ms |",
        "|---|---|---|",
    ]
    for name, columns in report["summary"].items():
        cells = ["{median:.1f} ({p10:.1f}-{p90:.1f}; {least:.1f})".format(**columns[column]) for column in COLUMNS]
        if name == "simulator alone":
            cells[1] = "-"  # it is another process's
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "The design's figures, scaled to this machine by `python3 -I -S -c pass`:",
        "",
        "| figure | measured ms | at most ms | |",
        "|---|---|---|---|",
    ]
    for goal in report["goals"]:
        lines.append(f"| {goal['figure']} | {goal['measured_ms']:.1f} | {goal['limit_ms']:.1f} | {'met' if goal['met'] else 'MISSED'} |")
    lines += [
        "",
        "---",
        "",
        f"*Written by `make bench` on {report['date']}: {machine['cores']} cores, {machine['processor']}, Python {machine['python']}, "
        f"{machine['openssl']}, load {machine['load']}, {machine['commit']}. Do not edit.*",
    ]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """The model of the processor, as far as the kernel reports it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--keep", action="store_true", help="copy the results to docs/bench/")
    parser.add_argument("--strict", action="store_true", help="exit status 1 when a figure is missed")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    sys.path.append(str(ROOT / "tests/lab"))
    from lab import commit  # noqa: PLC0415 - found by the line above

    with tempfile.TemporaryDirectory(prefix="check-bench-") as directory:
        results = measure(options.rounds, Path(directory))
    summary = summarise(results)
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    python = subprocess.run([PYTHON, "--version"], capture_output=True, text=True, check=True).stdout
    report = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "rounds": options.rounds,
        "machine": {
            "cores": os.cpu_count(),
            "processor": processor(),
            "python": python.split()[1],
            "openssl": " ".join(openssl.split()[:2]),
            "load": round(load, 2),
            "commit": commit(),
        },
        "summary": summary,
        "goals": [
            {"figure": figure, "measured_ms": round(measured, 2), "limit_ms": round(limit, 2), "met": measured <= limit}
            for figure, measured, limit in goals(summary)
        ],
    }
    text = table(report)
    print(text)
    folders = [ROOT / "build/bench"] + ([ROOT / "docs/bench"] if options.keep else [])
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "check.json").write_text(json.dumps(report, indent=2) + "\n")
        (folder / "check.md").write_text(text)
    return 1 if options.strict and not all(goal["met"] for goal in report["goals"]) else 0


if __name__ == "__main__":
    sys.exit(main())
