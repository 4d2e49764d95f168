# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line; README.md has the account for people."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from . import keys
from .names import DEFAULT_PORT, SERVICES, STRICT, SimulatorError

if TYPE_CHECKING:
    from .cloud import CloudController


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except SimulatorError as error:
        print(f"cc_simulator: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if error.name not in ("lxml", "xmlsec"):
            raise
        print(f"cc_simulator: {error}: install python3-lxml and python3-xmlsec", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cc_simulator", description="A stand-in for the Eucalyptus CC.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="be a Cluster Controller")
    serve.add_argument("--host", default="0.0.0.0", help="address to listen on (%(default)s); :: is IPv6 and IPv4")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (%(default)s)")
    serve.add_argument("--keys", metavar="DIR", required=True, help="cloud-cert.pem, cluster-pk.pem, cluster-cert.pem")
    serve.add_argument("--partition", default="PARTI00")
    serve.add_argument("--name", default="CC_00", help="'self': wait for a cloud controller to name it")
    serve.add_argument("--release", default="5.1", help="of Eucalyptus, 3.1 or later (%(default)s)")
    serve.add_argument("--state", default="DISABLED", help="localState at the start (%(default)s)")
    serve.add_argument("--state-file", metavar="PATH", help="keep a stand-in for eucalyptusCCConfig here")
    start = serve.add_mutually_exclusive_group()
    start.add_argument(
        "--resume", action="store_true", help="go on with what the state file has, as a CC started again does"
    )
    start.add_argument(
        "--clean-start", action="store_true", help="no state file until the first SOAP request, then LOADED"
    )
    serve.add_argument("--max-clients", type=int, default=8, metavar="N", help="workers (%(default)s)")
    serve.add_argument(
        "--keep-alive", type=float, default=30.0, metavar="SECONDS", help="for idle connections (%(default)s)"
    )
    serve.add_argument("--control", metavar="PATH", help="unix socket for the command 'control'")
    serve.add_argument(
        "--services",
        choices=SERVICES,
        default="WS",
        help="noWS: as with upstream's services_noWS.xml, which answers nobody",
    )
    serve.add_argument(
        "--strict", default="", metavar="NAME[,NAME…]", help=f"be stricter than a real CC: {', '.join(STRICT)}, or all"
    )
    serve.add_argument("--clock", metavar="ISO8601", help="a clock that stands still, for recorded messages")
    serve.add_argument("--service-uri", metavar="URI", help="the CC's own URI in its answers")
    serve.set_defaults(command=_serve)

    make = commands.add_parser("keys", help="make throw-away keys and certificates")
    make.add_argument("directory", metavar="DIR")
    make.add_argument("--days", type=int, default=3650, help="how long the certificates are valid (%(default)s)")
    make.set_defaults(command=_keys)

    cloud = commands.add_parser("cloud", help="send a request as the cloud controller does")
    cloud.add_argument("action", choices=("describe", "enable", "disable", "start", "stop", "shutdown", "heartbeat"))
    cloud.add_argument("--host", default="127.0.0.1")
    cloud.add_argument("--port", type=int, default=DEFAULT_PORT)
    cloud.add_argument("--partition", default="PARTI00", help="of heartbeat (%(default)s)")
    cloud.add_argument("--name", default="CC_00", help="of heartbeat (%(default)s)")
    cloud.add_argument("--epoch", type=int, default=1, help="of heartbeat (%(default)s)")
    cloud.add_argument(
        "--interval", type=float, metavar="SECONDS", help="send a heartbeat again and again, until SIGTERM"
    )
    cloud.set_defaults(command=_cloud)

    flip = commands.add_parser("flip", help="disable one CC, then enable the other")
    flip.add_argument("--from", dest="source", metavar="HOST[:PORT]", required=True)
    flip.add_argument("--to", dest="target", metavar="HOST[:PORT]", required=True)
    flip.add_argument("--gap", type=float, default=0.0, metavar="SECONDS", help="wait between the two (%(default)s)")
    flip.add_argument("--overlap", action="store_true", help="enable first")
    flip.set_defaults(command=_flip)
    for client in (cloud, flip):
        client.add_argument("--keys", metavar="DIR", required=True, help="cloud-pk.pem, cloud-cert.pem")
        client.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="(%(default)s)")

    control = commands.add_parser("control", help="steer a running simulator")
    control.add_argument("--control", metavar="PATH", required=True, help="its unix socket")
    control.add_argument("words", nargs="+", metavar="ACTION", help="see README.md")
    control.set_defaults(command=_control)
    return parser


def _serve(options: argparse.Namespace) -> int:
    from .control import ControlSocket  # noqa: PLC0415 - the other commands must not wait for these imports
    from .server import Simulator, log_to_stderr  # noqa: PLC0415 - as above

    ended = _until_ended()
    simulator = Simulator(
        options.keys,
        host=options.host,
        port=options.port,
        partition=options.partition,
        name=options.name,
        release=options.release,
        state=options.state,
        services=options.services,
        strict=STRICT if options.strict == "all" else filter(None, options.strict.split(",")),
        clock=_moment(options.clock) if options.clock else None,
        service_uri=options.service_uri,
        state_file=options.state_file,
        resume=options.resume,
        clean_start=options.clean_start,
        max_clients=options.max_clients,
        keep_alive=options.keep_alive,
        log=log_to_stderr,
    )
    with simulator:
        host = f"[{simulator.host}]" if ":" in simulator.host else simulator.host
        ready = f"listening on {host}:{simulator.port}"
        if options.control:
            with ControlSocket(options.control, simulator):
                print(ready, flush=True)
                ended.wait()
        else:
            print(ready, flush=True)
            ended.wait()
    return 0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise SimulatorError(f"--clock {text!r} is no ISO 8601 time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _keys(options: argparse.Namespace) -> int:
    keys.make(options.directory, options.days)
    return 0


def _cloud(options: argparse.Namespace) -> int:
    from . import cloud  # noqa: PLC0415 - 'keys' needs neither lxml nor xmlsec

    client = cloud.CloudController(options.host, options.port, options.keys, options.timeout)
    if options.action == "heartbeat":
        return _heartbeat(client, options)
    print(cloud.act(client, options.action))
    return 0


def _heartbeat(client: CloudController, options: argparse.Namespace) -> int:
    """Once, or every so many seconds until SIGTERM or SIGINT; then what fails is written to stderr and tried again."""
    if options.interval is None:
        print(client.heartbeat(options.partition, options.name, options.epoch))
        return 0
    ended = _until_ended()
    while not ended.is_set():
        try:
            print(client.heartbeat(options.partition, options.name, options.epoch), flush=True)
        except SimulatorError as error:
            print(f"cc_simulator: {error}", file=sys.stderr, flush=True)
        ended.wait(options.interval)
    return 0


def _until_ended() -> threading.Event:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _flip(options: argparse.Namespace) -> int:
    from . import cloud  # noqa: PLC0415 - as above

    source, target = (
        cloud.CloudController(*cloud.host_and_port(text), options.keys, options.timeout)
        for text in (options.source, options.target)
    )
    print(json.dumps(cloud.flip(source, target, options.gap, options.overlap)))
    return 0


def _control(options: argparse.Namespace) -> int:
    from .control import ask  # noqa: PLC0415 - as above

    answer = ask(options.control, options.words)
    if options.words == ["status"]:
        print(json.dumps(answer, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
