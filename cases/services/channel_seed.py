"""How each channel is used to begin with: robots take twenty messages a minute, customers sleep at night."""

from __future__ import annotations

from datetime import time
from typing import Any

from cases.choices import NoticeChannel

NIGHT = {"quiet_from": time(22), "quiet_until": time(8)}
# WeCom and DingTalk refuse more than twenty a minute for each robot, Feishu more than a hundred.
CHANNELS: dict[NoticeChannel, dict[str, Any]] = {
    NoticeChannel.INBOX: {"per_minute": 60_000},
    NoticeChannel.EMAIL: {"per_minute": 600},
    NoticeChannel.SMS: {"per_minute": 120, **NIGHT},
    NoticeChannel.WECOM: {"per_minute": 20},
    NoticeChannel.DINGTALK: {"per_minute": 20},
    NoticeChannel.FEISHU: {"per_minute": 90},
    NoticeChannel.WEBHOOK: {"per_minute": 600},
}


def ensure_channels(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
    settings = apps.get_model("cases", "ChannelSetting").objects
    for channel, values in CHANNELS.items():
        settings.get_or_create(channel=channel, defaults=values)
