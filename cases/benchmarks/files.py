"""Record sheets out and in. The plain way is measured on fewer rows and compared by rows a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from tempfile import TemporaryFile
from time import perf_counter

from django.db import transaction

from cases.benchmarks import stock
from cases.benchmarks.ground import Ground
from cases.benchmarks.timing import memory_growth
from cases.choices import CaseType, Channel
from cases.exchange.exporting import export_records
from cases.exchange.importing import carry_out, read_records
from cases.exchange.limits import MAX_ROWS
from cases.exchange.writing import write_csv
from cases.models import Case, Customer, Staff, Team
from cases.querysets import CaseQuerySet
from cases.record_sheet import Cells
from cases.services import register_case

# Paper on speed: rows a second, and megabytes whatever the size.
EXPORT_RATES = {"csv": 40_000, "xlsx": 12_000}
IMPORT_RATE = 5_000
MEMORY = 100
MOST_ROWS = {"csv": 1_000_000, "xlsx": 200_000}
PLAIN_ROWS = {"csv": 5_000, "xlsx": 2_000}
PLAIN_IMPORTED = 200
DAY_OF_IMPORTED = "20110307"  # a day of which no case was made up


def measure_exports(ground: Ground) -> None:
    for format, aim in EXPORT_RATES.items():
        cases = _newest(min(ground.cases, MOST_ROWS[format]))
        plain_cases = _newest(min(ground.cases, PLAIN_ROWS[format]))
        rate, rows, memory = _export(cases, format, ground.manager)
        plain, _size = _rate(partial(stock.export, plain_cases, format), plain_cases.count())
        name = f"export, {format.upper()}"
        ground.tell(f"{name}: rate", rate, "rows/s", aim=aim, baseline=plain, cases=rows)
        if memory is not None:
            ground.tell(f"{name}: memory", memory, "MB", aim=MEMORY, cases=rows)


def _newest(count: int) -> CaseQuerySet:
    """As many of the newest cases, as a filter the database can walk by index."""
    oldest = Case.objects.newest_first()[count - 1]
    return Case.objects.filter(received_at__gte=oldest.received_at)


def _export(cases: CaseQuerySet, format: str, actor: Staff) -> tuple[float, int, float | None]:
    with memory_growth() as memory, TemporaryFile() as file:
        begun = perf_counter()
        record = export_records(cases, file, format=format, actor=actor, filters={})
        spent = perf_counter() - begun
    return round(record.rows / spent), record.rows, memory.mb


def _rate(work: Callable[[], object], rows: int) -> tuple[float, int]:
    begun = perf_counter()
    work()
    return round(rows / (perf_counter() - begun)), rows


def measure_import(ground: Ground) -> None:
    """Reading, checking and storing a sheet, against registering row after row; none of it stays."""
    customers = list(Customer.objects.order_by("pk").values_list("number", flat=True)[:MAX_ROWS])
    count = min(MAX_ROWS, ground.cases)
    file = BytesIO()
    write_csv((_row(n, customers[n % len(customers)]) for n in range(count)), file)
    file.seek(0)
    with transaction.atomic():
        rate, _rows = _rate(lambda: carry_out(read_records(file, "bench.csv"), actor=ground.manager), count)
        transaction.set_rollback(True)
    with transaction.atomic():
        plain, _rows = _rate(lambda: _register_one_by_one(PLAIN_IMPORTED), PLAIN_IMPORTED)
        transaction.set_rollback(True)
    ground.tell("import, CSV: rate", rate, "rows/s", aim=IMPORT_RATE, baseline=plain, cases=count)


def _row(n: int, customer: str) -> Cells:
    return (
        *(
            f"CS{DAY_OF_IMPORTED}{n + 1:03d}",
            customer,
            "投诉-物流延迟",
            f"订单{n}显示已签收，但未收到货",
            "重要",
        ),
        *("2011-03-07 09:30", "2011-03-07 09:35", "张*", "09:40联系物流核实;11:00确认派件员失误"),
        *("已补发,物流单号已提供", "已确认满意", "4", "下次优先派送"),
    )


def _register_one_by_one(count: int) -> None:
    team, customer = Team.objects.all()[0], Customer.objects.all()[0]
    for n in range(count):
        register_case(
            actor=None,
            customer=customer,
            channel=Channel.PHONE,
            type=CaseType.COMPLAINT,
            description=f"订单{n}显示已签收，但未收到货",
            team=team,
            despite_duplicates=True,
        )
