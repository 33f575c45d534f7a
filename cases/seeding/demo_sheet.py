"""A record sheet with two old cases, brought into the demo by the import: the rows every build must carry."""

from __future__ import annotations

from cases.record_sheet import COLUMNS

FILE_NAME = "客户服务响应流程记录表.csv"

ROWS = (
    (
        *("CS20241001001", "C1001", "投诉-物流延迟", "订单号X显示已签收，但未收到货", "紧急"),
        *("2024-10-01 09:30", "2024-10-01 09:35", "张*"),
        "09:40联系物流核实;11:00确认派件员失误;11:30协调补发",
        *("已补发,物流单号XY已提供", "已确认满意", "4", "客户要求下次优先派送"),
    ),
    (
        *("CS20241001002", "C1002", "咨询-产品功能", "如何查询账户历史收益", "一般"),
        *("2024-10-01 14:20", "2024-10-01 14:25", "李*"),
        *("14:26发送操作指引截图;14:30客户确认收到", "引导客户完成操作", "", "", ""),
    ),
)


def sheet() -> bytes:
    """The file, as an office program saves it."""
    lines = (",".join(f'"{cell}"' for cell in row) for row in (COLUMNS, *ROWS))
    return "\r\n".join(lines).encode("utf-8-sig")
