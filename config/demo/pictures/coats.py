"""The cats of the demo: what they look like, not how they are drawn."""

from dataclasses import dataclass
from typing import Literal

from config.demo.pictures.colour import RGB

Pattern = Literal["plain", "tabby", "blaze", "calico", "points", "tortie", "cap"]


@dataclass(frozen=True)
class Coat:
    fur: RGB
    dark: RGB  # stripes, points, second patch
    pale: RGB  # muzzle, chest and paws
    eyes: RGB
    nose: RGB = (214, 138, 128)
    pattern: Pattern = "plain"
    long_haired: bool = False
    snub: bool = False


COATS: dict[str, Coat] = {
    "ginger": Coat((229, 150, 78), (193, 106, 44), (252, 232, 205), (122, 160, 84), pattern="tabby"),
    "brown tabby": Coat((160, 128, 98), (88, 66, 52), (232, 214, 190), (186, 178, 84), pattern="tabby"),
    "silver tabby": Coat((182, 184, 190), (98, 100, 112), (238, 238, 240), (110, 170, 130), pattern="tabby"),
    "blue": Coat((128, 138, 154), (104, 113, 130), (146, 155, 170), (226, 160, 60), nose=(98, 102, 116)),
    "black": Coat((58, 54, 64), (42, 38, 48), (76, 72, 82), (206, 206, 92), nose=(44, 40, 48)),
    "white": Coat((246, 241, 234), (226, 216, 206), (255, 252, 247), (98, 164, 208)),
    "tuxedo": Coat((60, 58, 68), (44, 42, 52), (250, 247, 241), (150, 190, 96), pattern="blaze"),
    "grey and white": Coat((140, 146, 158), (116, 122, 136), (250, 248, 243), (216, 170, 76), pattern="blaze"),
    "calico": Coat((250, 245, 236), (64, 58, 64), (253, 250, 244), (130, 172, 112), pattern="calico"),
    "seal point": Coat((238, 224, 202), (92, 68, 60), (246, 236, 220), (84, 150, 214), nose=(78, 56, 52),
                       pattern="points"),
    "blue point": Coat((236, 230, 224), (138, 144, 160), (246, 242, 238), (92, 148, 204), nose=(122, 126, 142),
                       pattern="points", long_haired=True),
    "tortie": Coat((84, 66, 62), (206, 134, 72), (120, 92, 76), (214, 174, 70), nose=(70, 54, 54), pattern="tortie"),
    "cream persian": Coat((242, 218, 184), (222, 190, 150), (252, 240, 222), (220, 142, 54),
                          long_haired=True, snub=True),
    "smoke persian": Coat((112, 112, 124), (84, 84, 98), (168, 168, 178), (222, 150, 60), nose=(84, 80, 92),
                          long_haired=True, snub=True),
    "maine coon": Coat((150, 112, 82), (84, 58, 44), (236, 216, 188), (174, 180, 88), pattern="tabby",
                       long_haired=True),
    "ginger and white": Coat((232, 158, 88), (202, 120, 58), (253, 246, 236), (196, 164, 70), pattern="blaze"),
    "red cap": Coat((250, 244, 234), (226, 146, 80), (255, 251, 245), (110, 168, 190), pattern="cap"),
    "chocolate": Coat((112, 80, 66), (90, 62, 52), (134, 100, 84), (146, 184, 92), nose=(84, 58, 52)),
}  # fmt: skip
