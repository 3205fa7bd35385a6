"""The whole range, kind by kind."""

from config.demo.containers.airline_crate import AIRLINE_CRATE
from config.demo.containers.backpack import BACKPACK
from config.demo.containers.car_crate import CAR_CRATE
from config.demo.containers.hard import HARD
from config.demo.containers.soft import SOFT
from config.demo.containers.wheeled import WHEELED

CONTAINERS = (*SOFT, *HARD, *BACKPACK, *WHEELED, *CAR_CRATE, *AIRLINE_CRATE)
