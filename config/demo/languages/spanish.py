"""The range in Spanish: what each container is, and how it is cleaned."""

SPANISH: dict[str, tuple[str, str]] = {
    "minkaro-murmur": (
        (
            "Un bolso silencioso para cada día, con malla en tres lados y una tapa que se abre hacia delante: así se "
            "puede meter desde arriba a un gato tímido. La base se desliza hacia fuera para limpiarla y da firmeza al "
            "bolso bajo el asiento del avión. Las cremalleras corren ocultas y terminan en un cierre que todavía no "
            "ha abierto ninguna pata."
        ),
        (
            "Sacar la base, lavar el bolso a mano a 30 °C y secarlo abierto durante dos días. El forro polar va a la "
            "lavadora."
        ),
    ),
    "hollowfern-sliver": (
        (
            "El plano: con 40 × 27 × 20 cm cabe bajo asientos donde rechazan otros bolsos. Una vez sentado, el techo "
            "se levanta a mano y da a un gato pequeño espacio para estirar el cuello. Ideal para gatos delgados de "
            "hasta unos 5 kg; mida antes, un gato grande no podrá estar de pie dentro."
        ),
        (
            "Limpiar con agua jabonosa, aclarar la malla y secar en plano a la sombra durante dos días. Nunca en "
            "secadora."
        ),
    ),
    "pawlinder-tuck-and-turn": (
        (
            "Cerrado es un bolso de cabina; en la puerta de embarque, una cremallera suelta un ala lateral y duplica "
            "el suelo. El ala se pliega en segundos, aunque el gato tenga otros planes. Una cinta en el dorso se "
            "encaja en el asa de una maleta."
        ),
        "Cepillar el pelo, lavar a mano a 30 °C con el ala abierta y dejar secar dos días enteros.",
    ),
    "olivetto-piazza": (
        (
            "Un bolso de hombro para trayectos cortos y gatos tranquilos: al veterinario, al café, a casa de la "
            "abuela. Por fuera algodón encerado, por dentro un forro lavable y un borde acolchado que invita a apoyar "
            "la barbilla. Una correa corta se engancha al arnés, nunca al collar."
        ),
        "Limpiar el algodón encerado solo con agua fría; el forro se desabotona y se lava a 40 °C.",
    ),
    "fjellkatt-ullbo": (
        (
            "Grueso fieltro de lana sobre un armazón ligero: absorbe el ruido, da calor y huele a casa tras una sola "
            "siesta. El porche redondo deja que un gato nervioso mire fuera sin que lo miren. En casa queda abierto "
            "como una cueva, y el viaje siguiente resulta mucho más fácil."
        ),
        (
            "Airear, cepillar y quitar manchas con jabón para lana. El fieltro tarda tres días en secar: nada de "
            "radiadores."
        ),
    ),
    "brumvik-vika": (
        (
            "Nuestro bolso más alquilado. Se abren los dos extremos y toda la tapa, así que siempre hay una puerta "
            "donde su gato no está mirando. Ribetes reflectantes, un bolsillo para los papeles y una ventanilla para "
            "la etiqueta con la dirección."
        ),
        "Sacudir, aspirar y lavar a mano a 30 °C; el cojín puede ir a la lavadora. Dos días en el tendedero.",
    ),
    "fjellkatt-hytte": (
        (
            "Una cabañita robusta con puerta de rejilla de acero que se abre hacia ambos lados. Cuatro cierres de "
            "resorte sueltan el techo, y el veterinario puede examinar a un gato que no tiene que dejar su manta. El "
            "canal del suelo mantiene secas las patas si el viaje sale mal."
        ),
        "Soltar el techo, regar las dos carcasas, desinfectar y aclarar bien. Seca y lista al día siguiente.",
    ),
    "kestwick-harbour": (
        (
            "El clásico silencioso de carcasa honda: la mayoría de los gatos se tumban tras su pared alta y miran "
            "desde ahí. El asa se pliega, así que dos se apilan con seguridad en el asiento trasero. Los cierres "
            "hacen clic cuando de verdad están cerrados."
        ),
        "Lavar con agua tibia y jabón suave. Revisar cada vez los cuatro cierres y los pasadores de la puerta.",
    ),
    "brumvik-tvedor": (
        (
            "Dos puertas, delante y en el techo: los gatos que se resisten ante cualquier puerta delantera entran por "
            "arriba sin discusión. Las ranuras anchas mantienen el aire en movimiento en días de calor. La puerta del "
            "techo se abre a la izquierda o a la derecha."
        ),
        "Limpiar con cepillo suave y desinfectante, también la bisagra del techo. Seca el mismo día.",
    ),
    "minkaro-cobble": (
        (
            "Redondo como un canto rodado, sin esquinas donde enganchar una uña o una manga. La puerta ahumada se "
            "levanta como una visera y se queda arriba. En el sofá pasa por un mueble, y por eso muchos se compran "
            "después de alquilarlos."
        ),
        "Limpiar la carcasa con un paño suave y la puerta solo con agua. El cojín se lava a 40 °C.",
    ),
    "hollowfern-cove": (
        (
            "Hecho con auxiliares de veterinaria: toda la mitad delantera se levanta y deja una bandeja baja con un "
            "gato descansando. Las ranuras redondeadas dejan entrar el aire, pero no salir una patita. En la "
            "ventanilla cabe la tarjeta de la clínica."
        ),
        "Todas las piezas van al lavavajillas a 60 °C; secar y revisar los clips.",
    ),
    "pawlinder-orbit": (
        (
            "Una gran burbuja y dentro un gato que cree volar. En días de calor la burbuja se cambia por una malla; "
            "nueve anillos de ventilación mantienen el aire fresco con ambas. Una cinta de pecho alivia los hombros."
        ),
        "Lavar la burbuja con agua tibia y un paño suave; limpiar la carcasa. Seca en dos días.",
    ),
    "fjellkatt-sti": (
        (
            "Una auténtica mochila de montaña con cinturón, espalda ventilada y un gato en el compartimento "
            "principal. Malla en tres lados, funda de lluvia en la base, bolsillo para la botella y una presilla para "
            "el cuenco plegable. Probada en una subida de cuatro horas con un gato de 6 kg, que durmió."
        ),
        "Cepillar el barro seco, lavar a mano a 30 °C y colgarla dos días de la presilla.",
    ),
    "minkaro-lookout": (
        (
            "Un frente alto y transparente de la barbilla a la cola, para el gato que tiene que verlo todo. Abajo es "
            "ahumado, así que también puede esconderse. La trampilla superior se abre lo bastante para rascar una "
            "barbilla en el tranvía."
        ),
        "Limpiar el panel solo con agua, pasar un paño por la tela y secar dos días con la trampilla abierta.",
    ),
    "olivetto-vespera": (
        (
            "Una mochila de oficina en la que, por casualidad, va un gato. Lisa por fuera, acolchada por dentro, con "
            "malla oculta bajo una solapa que se enrolla y se abotona. La cinta del dorso pasa por el asa de una "
            "maleta."
        ),
        "Limpiar con un paño húmedo y un poco de jabón de montura; el forro acolchado se lava a 40 °C.",
    ),
    "hollowfern-bramble": (
        (
            "Se despliega por detrás en una tienda del doble de fondo, para las esperas largas entre trenes. Dos "
            "ventanas redondas y una ancha franja de malla: el gato elige entre mirar y dormitar. Tan ligera que "
            "vacía se lleva todo el día."
        ),
        "Desplegar, aspirar, lavar a mano a 30 °C y dejarla abierta tres días.",
    ),
    "kestwick-concourse": (
        (
            "Cuatro ruedas blandas que giran en todas direcciones y apenas se oyen sobre la piedra. El suelo "
            "suspendido aleja del gato las vibraciones, que es lo que más les molesta de un trolley. El asa se "
            "detiene en tres alturas y se bloquea al guardarla."
        ),
        "Limpiar las ruedas, pasar un paño por la carcasa y lavar el cojín a 40 °C. Listo en un día.",
    ),
    "pawlinder-sway": (
        (
            "Trolley, mochila y bolso en uno: las ruedas se pliegan en la base y las correas salen de la espalda. Una "
            "gran ventana delantera de malla fuerte y una cremallera con gancho. Para viajes con escaleras en medio."
        ),
        "Soltar las ruedas, lavar el cuerpo a mano a 30 °C y secar dos días.",
    ),
    "brumvik-trikk": (
        (
            "Un pequeño tranvía para gatos: una carcasa rígida sobre dos ruedas grandes que suben bordillos y "
            "adoquines. Ventanas panorámicas con malla de acero a ambos lados. La puerta está delante y es lo "
            "bastante baja para entrar andando."
        ),
        "Regar la carcasa, secar el eje y una gota de aceite cada tres meses.",
    ),
    "minkaro-trundle": (
        (
            "El simpático de la tapa redonda: rueda como un carro de la compra y se abre como un cochecito. Caben dos "
            "gatos de la misma camada, uno al lado del otro. La ventana de la tapa se enrolla desde fuera con una "
            "mano."
        ),
        "Soltar el forro por los broches, lavarlo a 40 °C y limpiar el armazón.",
    ),
    "brumvik-bollard": (
        (
            "Tubos de aluminio soldados alrededor de una bandeja cerrada, sujetos con dos correas de amarre. El "
            "frente inclinado sigue el respaldo trasero, así no se pierde espacio. Una trampilla de emergencia detrás "
            "se abre desde fuera cuando el portón no se abre."
        ),
        "Aclarar la bandeja, limpiar los tubos y comprobar que ambas correas tensan bien.",
    ),
    "kestwick-milestone": (
        (
            "Una jaula gris y tranquila para el asiento trasero: paredes dobles, barrotes estrechos y un paso para el "
            "cinturón de seguridad. Las patas de goma agarran sobre el cuero sin dejar marca. El techo oscurecido "
            "ayuda a los gatos que se marean."
        ),
        "Lavar con agua tibia; la pared doble se vacía por el tapón de atrás.",
    ),
    "fjellkatt-fjell": (
        (
            "Acero con recubrimiento en polvo y un suelo de madera que en invierno se mantiene cálido. Después se "
            "pliega en su propia bolsa. Con anchura para dos gatos que se llevan bien, y un panel entre ambos para "
            "los demás días."
        ),
        "Aspirar, limpiar con un paño húmedo y aceitar el suelo de madera dos veces al año.",
    ),
    "hollowfern-tailgate": (
        (
            "Mitad jaula, mitad salón: esquinas redondeadas, borde acolchado y una ventana en cada lado. El arnés se "
            "engancha de un gesto a los anclajes de la silla infantil; una marca verde indica que sujeta. En el "
            "camping sirve de refugio nocturno."
        ),
        "Quitar el borde acolchado y lavarlo a 40 °C; limpiar el resto con un paño.",
    ),
    "kestwick-meridian": (
        (
            "La jaula en la que más gatos enviamos al otro lado del océano: tornillos metálicos alrededor, puerta de "
            "acero con cuatro puntos de cierre y ventilación en los cuatro lados. El cuenco y la botella se llenan "
            "desde fuera. Con suelo absorbente, etiquetas y un sobre para los papeles; confirme el tamaño con su "
            "aerolínea."
        ),
        "Desatornillar las carcasas, desinfectar, aclarar y secar. Tornillos y etiquetas nuevos en cada viaje.",
    ),
    "brumvik-isbre": (
        (
            "Más pared para pistas frías y calientes: el techo doble deja pasar el viento y da sombra al gato. Los "
            "pasadores de la puerta entran hondo en el marco, arriba y abajo. Ancha por dentro, que es lo que los "
            "gatos corpulentos necesitan más que el largo."
        ),
        "Quitar el techo exterior, lavar ambos y secar en vertical. Revisar cada pasador de la puerta.",
    ),
    "minkaro-perihel": (
        (
            "Una jaula seria de aspecto amable: bordes redondeados y colores cálidos, acero donde importa. Entrada "
            "baja para gatos mayores, techo alto para orejas orgullosas. En cada lado hay dos asas moldeadas para "
            "quien la carga."
        ),
        "Separar las carcasas, lavar con jabón suave, desinfectar y secar un día.",
    ),
    "fjellkatt-nordlys": (
        (
            "Hecha para las rutas de invierno: un cortavientos alrededor de la puerta y un suelo a dos centímetros "
            "del metal. Las bandas reflectantes la señalan en una pista oscura. Nuestra elección para gatos de pelo "
            "largo y patas largas."
        ),
        "Desinfectar, aclarar y secar abierta y de pie. Cambiar las bandas reflectantes cuando se apaguen.",
    ),
    "pawlinder-contrail": (
        (
            "Una jaula de avión plegable que vuelve a casa dentro de una maleta. Sigue en pruebas: las bisagras deben "
            "resistir quinientas cargas antes de que entre un gato."
        ),
        "Limpiar con desinfectante; proteger las bisagras de la arena.",
    ),
    "minkaro-dry-pad": (
        "Un empapador que mantiene seco a un gato durante un día; de un solo uso.",
        "Tirarlo después del viaje.",
    ),
    "minkaro-fold-bowl": (
        "Un cuenco de silicona que se pliega y se engancha al interior del bolso.",
        "Apto para el lavavajillas.",
    ),
    "minkaro-hold-labels": (
        "Etiquetas de «Animales vivos» y «Este lado hacia arriba», con sitio para la dirección.",
        "Cada juego se pega una sola vez.",
    ),
    "minkaro-twin-dish": (
        "Comida y agua que se ponen desde fuera, sin abrir la puerta.",
        "Apto para el lavavajillas; revisar los ganchos.",
    ),
    "minkaro-cabin-set": (
        (
            "Todo para un vuelo bajo el asiento: el bolso Murmur, un cuenco plegable y un empapador que se queda con "
            "usted."
        ),
        "Sacar la base, lavar el bolso a mano a 30 °C y secarlo abierto durante dos días.",
    ),
    "kestwick-hold-kit": (
        "Lo que pide una aerolínea en la bodega: la jaula, sus etiquetas y un cuenco que se llena desde fuera.",
        "Desinfectar, aclarar y secar abierta y de pie.",
    ),
}

SPANISH_NAMES = {
    "minkaro-dry-pad": "Empapador",
    "minkaro-fold-bowl": "Cuenco plegable",
    "minkaro-hold-labels": "Etiquetas de bodega",
    "minkaro-twin-dish": "Cuenco doble",
    "minkaro-cabin-set": "Juego de cabina",
    "kestwick-hold-kit": "Juego de bodega",
}
