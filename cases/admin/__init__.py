"""The workplace of the staff: what each page of the admin declares."""

from cases.admin import case as case
