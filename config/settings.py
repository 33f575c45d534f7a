"""Every setting of the product, and the only place that reads the environment.

With an empty environment the result is a safe single-machine installation: SQLite in `var/`, HTTPS demanded,
a secret key made once. The variables are listed with their defaults in `env` below; times are in the unit
that their name or comment says. Choices are reasoned in `docs/decisions/`.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _

from cases.channels.domains import mail_domain
from config.navigation import UNFOLD as UNFOLD
from config.outgoing import OUTGOING_VARIABLES, mail_settings
from config.secrets import read_or_make_secret_key
from config.servers import with_password
from config.structured_logging import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env(
    VAR_DIR=(
        str,
        str(BASE_DIR / "var"),
    ),  # all that this installation writes, but for PostgreSQL
    SECRET_KEY=(str, ""),
    SECRET_KEY_FALLBACKS=(list, []),  # earlier keys, while sessions and links signed with them still live
    DEBUG=(bool, False),
    HTTPS=(bool, True),
    PROXY_COUNT=(int, 0),  # reverse proxies in front, whose X-Forwarded-* headers are then believed
    ALLOWED_HOSTS=(list, ["127.0.0.1", "localhost", "[::1]"]),
    CSRF_TRUSTED_ORIGINS=(list, []),
    DATABASE_URL=(str, ""),  # absent: SQLite
    POSTGRES_PASSWORD=(str, ""),  # where DATABASE_URL has none: any characters, as they are
    STATEMENT_TIMEOUT=(int, 15_000),  # PostgreSQL, milliseconds; 0 for a long migration
    TIME_ZONE=(str, "Asia/Shanghai"),
    LOG_LEVEL=(str, "INFO"),  # INFO records every request, WARNING those that went wrong
    CASE_REOPEN_DAYS=(int, 30),
    OTP_REQUIRED_ROLES=(list, ["manager", "administrator"]),
    SITE_URL=(str, "http://127.0.0.1:8000"),  # how people reach the site: links in notices begin with it
    REDIS_URL=(str, ""),  # the broker of the workers; absent: `manage.py ticker` does their work
    REDIS_PASSWORD=(str, ""),  # where REDIS_URL has none: any characters, as they are
    DEADMAN_URL=(str, ""),  # called once a minute while clocks are worked on; who watches it misses us
    ALARM_TO=(list, []),  # mail addresses that are told when nobody works on the clocks
    **OUTGOING_VARIABLES,
)


def _server(url: str, password: str) -> str:
    """The URL of the first variable with the password of the second, which may begin with a $."""
    return with_password(env(url), env.ENVIRON.get(password, ""), named=(url, password))


VAR_DIR = Path(env("VAR_DIR"))
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env("DEBUG")
SECRET_KEY = env("SECRET_KEY") or read_or_make_secret_key(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "config.apps.BihuanAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "simple_history",
    "import_export",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_structlog",
    "cases",
    "django_celery_beat",  # after ours, whose translations of the same words hold
]

MIDDLEWARE = [
    "config.outage.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.PrivateResponseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.WithoutCookiesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "config.structured_logging.RequestRecordMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "config.middleware.StaffLanguageMiddleware",
    "config.middleware.SessionLimitsMiddleware",
    "config.middleware.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------

_DATABASE: dict[str, Any] = (
    env.db_url_config(_server("DATABASE_URL", "POSTGRES_PASSWORD"))
    if env("DATABASE_URL")
    else {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "bihuan.sqlite3"}
)
if "postgresql" in _DATABASE["ENGINE"]:
    _DATABASE |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    _CONNECTING: dict[str, Any] = {
        "connect_timeout": 3,
        "options": (
            f"-c statement_timeout={env('STATEMENT_TIMEOUT')} -c lock_timeout=3000"
            " -c idle_in_transaction_session_timeout=30000"
        ),
    }
else:
    _CONNECTING = {
        # IMMEDIATE takes the write lock first, so two writers queue instead of failing half-way;
        # FULL rather than NORMAL, because what was accepted must survive a power cut.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;",
    }
DATABASES = {"default": _DATABASE | {"OPTIONS": _CONNECTING | _DATABASE.get("OPTIONS", {})}}
# Whose clock decides what is due: "database", or "process" where a test travels in time.
CLOCK = "database"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People, login, sessions ----------------------------------------------------------------------

AUTH_USER_MODEL = "cases.Staff"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "cases.backends.RoleBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator"},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
    {"NAME": _VALIDATION + "NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
OTP_TOTP_ISSUER = "闭环"
OTP_REQUIRED_ROLES: list[str] = env("OTP_REQUIRED_ROLES")

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
# The pair, not the name alone: nobody can lock a colleague out by failing under that colleague's name.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "config.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "cases.admin.login.show_locked_page"
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
PROXY_COUNT = env("PROXY_COUNT")
SIMPLE_HISTORY_REVERT_DISABLED = True

SESSION_ENGINE = "cases.sessions"
SESSION_COOKIE_AGE = 8 * 60 * 60  # seconds: one working day
SESSION_IDLE_AGE = 30 * 60  # seconds
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# --- Transport and browser ------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = env("HTTPS")
SECURE_HSTS_SECONDS = 31_536_000 if env("HTTPS") else 0  # one year
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env("HTTPS")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env("PROXY_COUNT") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],  # Alpine, which unfold is built on, evaluates its attributes
        "style-src": [SELF, UNSAFE_INLINE],  # unfold writes the colours of the theme into the page
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- What leaves the house ------------------------------------------------------------------------

OUTGOING = env("OUTGOING")
OUTGOING_FOLDER = VAR_DIR / "outbox"
OUTGOING_ALLOW: list[str] = env("OUTGOING_ALLOW")
OUTGOING_CONNECT_SECONDS, OUTGOING_SECONDS = 5.0, 10.0
NOTICE_RETRIES: list[int] = env("NOTICE_RETRIES")
NOTICE_DIGEST_REST = timedelta(seconds=env("NOTICE_DIGEST_REST"))
NOTICE_LEASE = timedelta(seconds=env("NOTICE_LEASE"))
_MAIL = mail_settings(env("EMAIL_URL"))
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _MAIL["EMAIL_BACKEND"], _MAIL["EMAIL_HOST"], _MAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL["EMAIL_HOST_USER"], _MAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL["EMAIL_USE_TLS"], _MAIL["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 6  # seconds for each answer of the server; half as much again until the mail is out
# Seconds for all of it: a server may scan a mail before it takes it. The rest of the lease is for marking it.
EMAIL_SECONDS = min(10.0, env("NOTICE_LEASE") / 2)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL") or f"noreply@{mail_domain(env('SITE_URL'))}"

# --- Files ----------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
# No MEDIA_URL: an uploaded file leaves the house only through a view that checks who asks.
MEDIA_ROOT = VAR_DIR / "media"
_ON_DISK = "django.core.files.storage.FileSystemStorage"
STORAGES = {
    "default": {"BACKEND": _ON_DISK},
    "import_export": {"BACKEND": _ON_DISK, "OPTIONS": {"location": VAR_DIR / "imports"}},
    # Collected by root and served by another account: uploads are private, these are not.
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes, files not counted
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 10

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"

# --- Language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale", BASE_DIR / "config" / "locale_of_libraries"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("TIME_ZONE")

# --- Workers --------------------------------------------------------------------------------------

SITE_URL = env("SITE_URL").rstrip("/")
REDIS_URL: str = _server("REDIS_URL", "REDIS_PASSWORD")
DEADMAN_URL: str = env("DEADMAN_URL")
ALARM_TO: list[str] = env("ALARM_TO")
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# The rest of Celery's settings: config/queues.py.

# --- The work -------------------------------------------------------------------------------------

# Days after archiving during which a case may be taken up again.
CASE_REOPEN_DAYS: int = env("CASE_REOPEN_DAYS")

# --- Requests on standard error, as JSON ----------------------------------------------------------

LOGGING = logging_settings(env("LOG_LEVEL"))
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line for each request: when it ends
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
