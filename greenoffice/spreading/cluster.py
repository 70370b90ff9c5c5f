"""The scheduler of a Dask cluster: connected to, handed orders, waited for.

A worker that dies takes nothing along: what it was at is done again by another one. Without any
worker the work waits until one comes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from greenoffice.settings import SpreadSettings
from greenoffice.spreading.orders import Order
from metering.errors import ConfigurationError, GreenOfficeError, Unavailable

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

Asked = TypeVar("Asked", bound=Order)
Done = TypeVar("Done")
CONNECT_S = 10.0
"""How long a scheduler may take to answer [s]."""
RETRIES = 2
"""How often an order is handed out again after an error, such as of a server that was away."""
SCHEMES = ("tcp://", "tls://")


@contextmanager
def connected(address: str, settings: SpreadSettings) -> Iterator[Client]:
    """A scheduler at tcp://HOST:PORT or tls://HOST:PORT that has workers, until the block ends;
    what is not done by then is called off.

    ConfigurationError without the extra, for what is no address and for files
    of TLS that are of no use; Unavailable where nobody answers, or no worker has come.
    """
    if not address.startswith(SCHEMES):
        raise ConfigurationError(
            "not the address of a scheduler",
            field="--scheduler",
            value=address,
            fix="tcp://HOST:8786, or tls://HOST:8786",
        )
    try:
        from distributed import Client
    except ImportError as absent:
        raise ConfigurationError(
            "the extra `spread` is not installed",
            field="--scheduler",
            value=address,
            fix="install it: pip install 'greenoffice[spread]'",
        ) from absent
    security = _security(address, settings)
    try:
        client = Client(address, timeout=CONNECT_S, security=security, set_as_default=False)
    except (TimeoutError, OSError, ValueError, TypeError) as away:
        raise Unavailable(
            "no Dask scheduler answers at this address",
            field="--scheduler",
            value=address,
            fix="start it with `dask scheduler`, or leave --scheduler out: then one process does"
            " the work",
        ) from away
    try:
        _check_workers(client, address)
        yield client
    finally:
        client.close()


def spread(
    client: Client, name: str, task: Callable[[Asked], Done], orders: Sequence[Asked]
) -> Iterator[Done]:
    """Hand all orders out, and give what came of each, in the order in which they are done.

    Raises the error of the platform that a worker told; Unavailable for any other, also where
    workers died again and again at the same order.
    """
    from distributed import as_completed

    run = secrets.token_hex(4)
    futures = {
        client.submit(
            task, order, key=f"greenoffice-{name}-{run}-{number}", pure=False, retries=RETRIES
        ): order
        for number, order in enumerate(orders)
    }
    try:
        for future in as_completed(futures, loop=client.loop):
            if (error := future.exception()) is not None:
                raise _told(error, futures[future])
            yield future.result()
    finally:
        client.cancel(list(futures))


def _told(error: BaseException, order: Order) -> GreenOfficeError:
    if isinstance(error, GreenOfficeError):
        return error
    return Unavailable(
        f"a worker could not do its part: {type(error).__name__}: {error}",
        field="institution",
        value=", ".join(order.institutions[:3]),
        fix="look at the log of the workers; each needs greenoffice with its extras in the version"
        " of who asks, the data folder under the same path, and the servers it names",
    )


def _check_workers(client: Client, address: str) -> None:
    if not client.nthreads():
        raise Unavailable(
            "the scheduler has no worker",
            field="--scheduler",
            value=address,
            fix=f"start some: dask worker {address} --nthreads 1",
        )


def _security(address: str, settings: SpreadSettings) -> Security | None:
    """What a scheduler behind TLS is shown; None for a plain one."""
    if not address.startswith("tls://"):
        return None
    from distributed.security import Security

    for name in ("ca_file", "certificate", "private_key"):
        file = getattr(settings, name)
        if file is None or not file.is_file():
            raise ConfigurationError(
                "a scheduler behind TLS needs three files",
                field=f"spread.{name}",
                value=str(file or ""),
                fix="name ca_file, certificate and private_key in [spread], each a PEM file",
            )
    return Security(
        tls_ca_file=str(settings.ca_file),
        tls_client_cert=str(settings.certificate),
        tls_client_key=str(settings.private_key),
        require_encryption=True,
    )
