#!/usr/bin/env python3
"""Django's command line. Settings: DJANGO_SETTINGS_MODULE, else config.settings.local. Migrations get time."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    if sys.argv[1:2] == ["migrate"]:
        os.environ.setdefault("DATABASE_PATIENT", "1")
    execute_from_command_line(sys.argv)
