"""The workplace of the staff: what each page of the admin declares."""

from cases.admin import calendars as calendars
from cases.admin import case as case
from cases.admin import channels as channels
from cases.admin import customer as customer
from cases.admin import endpoints as endpoints
from cases.admin import escalations as escalations
from cases.admin import ladder as ladder
from cases.admin import login as login
from cases.admin import machinery as machinery
from cases.admin import notice_rules as notice_rules
from cases.admin import organisation as organisation
from cases.admin import outbox as outbox
from cases.admin import phrases as phrases
from cases.admin import records as records
from cases.admin import rosters as rosters
from cases.admin import routing as routing
from cases.admin import service_levels as service_levels
from cases.admin import staff as staff
from cases.admin import topics as topics
