"""The product's settings, with what a test run must not wait for or write to."""

from __future__ import annotations

from config.settings import *
from config.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow on purpose
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # nothing is collected: static files are looked for when asked for
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False  # the test client speaks plain HTTP
OTP_REQUIRED_ROLES = []
LOGGING_CONFIG = None  # a failing test shows its own words, not the record of its requests
CLOCK = "process"  # tests travel in time
