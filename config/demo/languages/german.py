"""The range in German: what each container is, and how it is cleaned."""

GERMAN: dict[str, tuple[str, str]] = {
    "minkaro-murmur": (
        (
            "Eine leise Tasche für jeden Tag, mit Netz auf drei Seiten und einem Deckel, der sich nach vorn "
            "öffnet: So lässt sich eine scheue Katze von oben hineinheben. Die Bodenplatte gleitet zum Reinigen "
            "heraus und versteift die Tasche unter dem Flugzeugsitz. Die Reißverschlüsse laufen verdeckt und "
            "enden in einem Clip, den noch keine Pfote geöffnet hat."
        ),
        (
            "Platte herausnehmen, Tasche bei 30 °C von Hand waschen, zwei Tage offen trocknen. Das Fleece darf in"
            " die Maschine."
        ),
    ),
    "hollowfern-sliver": (
        (
            "Die Flache: Mit 40 mal 27 mal 20 cm passt sie unter Sitze, an denen andere Taschen abgewiesen "
            "werden. Das Dach springt am Platz von Hand auf und gibt einer kleinen Katze Raum, den Hals zu "
            "strecken. Am besten für schlanke Katzen bis etwa 5 kg; bitte erst messen, eine große Katze kann "
            "darin nicht stehen."
        ),
        ("Mit Seifenwasser abwischen, Netz ausspülen, zwei Tage flach im Schatten trocknen. Nie in den Trockner."),
    ),
    "pawlinder-tuck-and-turn": (
        (
            "Geschlossen ist sie eine Kabinentasche; am Gate öffnet ein Reißverschluss einen Seitenflügel und "
            "verdoppelt den Boden. Der Flügel klappt in Sekunden wieder ein, auch wenn die Katze andere Pläne "
            "hat. Eine Lasche am Rücken hält die Tasche am Trolleygriff."
        ),
        "Haare ausbürsten, mit offenem Flügel bei 30 °C von Hand waschen und zwei ganze Tage trocknen lassen.",
    ),
    "olivetto-piazza": (
        (
            "Eine Schultertasche für kurze Wege und ruhige Katzen: zur Tierärztin, ins Café, zur Großmutter. "
            "Außen gewachste Baumwolle, innen ein waschbares Futter und ein gepolsterter Rand, auf dem gern ein "
            "Kinn ruht. Eine kurze Leine wird am Geschirr eingehängt, nie am Halsband."
        ),
        ("Gewachste Baumwolle nur mit kaltem Wasser abtupfen; das Futter wird ausgeknöpft und bei 40 °C gewaschen."),
    ),
    "fjellkatt-ullbo": (
        (
            "Dicker Wollfilz über einem leichten Rahmen: schluckt Lärm, hält warm und riecht nach einem "
            "Schläfchen nach Zuhause. Aus dem runden Vorbau schaut eine nervöse Katze heraus, ohne angeschaut zu "
            "werden. Daheim bleibt die Tasche als Höhle offen, das macht die nächste Reise viel leichter."
        ),
        ("Lüften, bürsten, Flecken mit Wollseife. Filz braucht drei Tage zum Trocknen, bitte nicht auf der Heizung."),
    ),
    "brumvik-vika": (
        (
            "Unsere meistgemietete Tasche. Beide Enden und der ganze Deckel gehen auf, so ist immer dort eine "
            "Tür, wo die Katze gerade nicht hinsieht. Reflektierende Paspeln, ein Fach für Papiere und ein "
            "Fenster für das Adressschild."
        ),
        (
            "Ausschütteln, absaugen, bei 30 °C von Hand waschen; die Einlage darf in die Maschine. Zwei Tage auf "
            "die Leine."
        ),
    ),
    "fjellkatt-hytte": (
        (
            "Eine robuste kleine Hütte mit einer Stahlgittertür, die sich nach beiden Seiten öffnet. Vier "
            "Federriegel lösen das Dach, so kann die Tierärztin eine Katze untersuchen, die ihre Decke nicht "
            "verlassen muss. Die Rinne am Boden hält die Pfoten trocken, wenn unterwegs etwas danebengeht."
        ),
        ("Dach abnehmen, beide Schalen abspritzen, desinfizieren, gut spülen. Am nächsten Tag trocken und bereit."),
    ),
    "kestwick-harbour": (
        (
            "Der leise Klassiker mit tiefer Unterschale: Die meisten Katzen legen sich hinter die hohe Wand und "
            "schauen von dort zu. Der Griff klappt flach, so stehen zwei sicher übereinander auf der Rückbank. "
            "Die Riegel klicken hörbar, wenn sie wirklich zu sind."
        ),
        "Mit warmem Wasser und milder Seife waschen. Jedes Mal die vier Riegel und die Türstifte prüfen.",
    ),
    "brumvik-tvedor": (
        (
            "Zwei Türen, vorn und oben: Katzen, die sich gegen jede Vordertür stemmen, gehen ohne Diskussion von "
            "oben hinein. Breite Schlitze halten die Luft an warmen Tagen in Bewegung. Die Dachtür öffnet nach "
            "links oder rechts."
        ),
        ("Mit weicher Bürste und Desinfektionsmittel reinigen, auch im Scharnier der Dachtür. Am selben Tag trocken."),
    ),
    "minkaro-cobble": (
        (
            "Rund wie ein Kiesel, ohne Ecke, an der Kralle oder Ärmel hängen bleiben. Die getönte Tür schwingt "
            "auf wie ein Visier und bleibt oben. Auf dem Sofa geht sie als Möbel durch; viele werden nach der "
            "Miete gekauft."
        ),
        "Schale mit weichem Tuch abwischen, die Tür nur mit Wasser. Das Kissen wird bei 40 °C gewaschen.",
    ),
    "hollowfern-cove": (
        (
            "Mit Tierarzthelferinnen entwickelt: Die ganze vordere Hälfte lässt sich abheben, zurück bleibt eine "
            "flache Schale mit einer ruhenden Katze. Runde Schlitze lassen Luft hinein, aber keine kleine Pfote "
            "hinaus. Im Fenster steckt die Karte der Praxis."
        ),
        "Alle Teile dürfen bei 60 °C in die Spülmaschine; trocknen und die Clips prüfen.",
    ),
    "pawlinder-orbit": (
        (
            "Ein großes Kugelfenster und darin eine Katze, die zu fliegen glaubt. An warmen Tagen wird die Kugel "
            "gegen ein Netz getauscht; neun Lüftungsringe halten die Luft mit beiden frisch. Ein Brustgurt "
            "entlastet die Schultern."
        ),
        "Kugel mit lauwarmem Wasser und weichem Tuch waschen, Schale abwischen. Nach zwei Tagen trocken.",
    ),
    "fjellkatt-sti": (
        (
            "Ein echter Wanderrucksack mit Hüftgurt, belüftetem Rücken und einer Katze im Hauptfach. Netz auf "
            "drei Seiten, Regenhülle im Boden, Flaschenfach und Schlaufe für den Faltnapf. Erprobt auf vier "
            "Stunden Aufstieg mit einem Kater von 6 kg, der schlief."
        ),
        "Trockenen Schlamm abbürsten, bei 30 °C von Hand waschen, zwei Tage an der Schlaufe aufhängen.",
    ),
    "minkaro-lookout": (
        (
            "Eine hohe klare Front vom Kinn bis zum Schwanz: für die Katze, die alles sehen muss. Unten ist die "
            "Scheibe getönt, so kann sie sich auch verstecken. Die obere Luke öffnet weit genug, um in der "
            "Straßenbahn zu kraulen."
        ),
        "Scheibe nur mit Wasser reinigen, Stoff abwischen, zwei Tage mit offener Luke trocknen.",
    ),
    "olivetto-vespera": (
        (
            "Ein Bürorucksack, in dem zufällig eine Katze sitzt. Außen glatt, innen gesteppt, mit Netz unter "
            "einer Klappe, die aufgerollt und geknöpft wird. Die Lasche am Rücken passt über einen Trolleygriff."
        ),
        "Mit feuchtem Tuch und etwas Sattelseife abwischen; das gesteppte Futter wird bei 40 °C gewaschen.",
    ),
    "hollowfern-bramble": (
        (
            "Klappt hinten zu einem Zelt doppelter Tiefe auf, für lange Pausen zwischen zwei Zügen. Zwei "
            "Ringfenster und ein breiter Netzgürtel: Die Katze schaut zu oder döst. Leer leicht genug für einen "
            "ganzen Tag."
        ),
        "Aufklappen, absaugen, bei 30 °C von Hand waschen und drei Tage offen stehen lassen.",
    ),
    "kestwick-concourse": (
        (
            "Vier weiche Rollen, die in jede Richtung laufen und auf Stein kaum zu hören sind. Der aufgehängte "
            "Boden hält Vibrationen fern, die die meisten Katzen an Trolleys stören. Der Griff rastet in drei "
            "Höhen ein."
        ),
        "Rollen sauber rollen, Schale abwischen, Einlage bei 40 °C waschen. Nach einem Tag bereit.",
    ),
    "pawlinder-sway": (
        (
            "Trolley, Rucksack und Tragetasche in einem: Die Rollen klappen in den Boden, die Gurte kommen aus "
            "dem Rücken. Ein großes Frontfenster aus starkem Netz und ein Reißverschluss mit Haken. Für Reisen "
            "mit Treppen in der Mitte."
        ),
        "Rollen abnehmen, Korpus bei 30 °C von Hand waschen, zwei Tage trocknen.",
    ),
    "brumvik-trikk": (
        (
            "Eine kleine Straßenbahn für die Katze: eine harte Schale auf zwei großen Rädern, die Bordsteine und "
            "Pflaster nehmen. Panoramafenster mit Stahlnetz auf beiden Seiten. Die Tür ist vorn und niedrig genug"
            " zum Hineingehen."
        ),
        "Schale abspritzen, Achse trocknen, alle drei Monate ein Tropfen Öl.",
    ),
    "minkaro-trundle": (
        (
            "Der Freundliche mit rundem Deckel: rollt wie ein Einkaufstrolley und öffnet wie ein Kinderwagen. "
            "Zwei Katzen eines Wurfs passen nebeneinander. Das Deckelfenster lässt sich mit einer Hand von außen "
            "aufrollen."
        ),
        "Futter an den Druckknöpfen lösen, bei 40 °C waschen, Rahmen abwischen.",
    ),
    "brumvik-bollard": (
        (
            "Geschweißte Aluminiumrohre um eine geschlossene Bodenwanne, gehalten von zwei Zurrgurten. Die "
            "schräge Front folgt der Rückbank, so geht kein Raum verloren. Eine Notluke hinten öffnet von außen, "
            "wenn die Heckklappe klemmt."
        ),
        "Wanne ausspülen, Rohre abwischen, prüfen, ob beide Gurte fest ziehen.",
    ),
    "kestwick-milestone": (
        (
            "Eine ruhige graue Box für die Rückbank: doppelte Wände, enge Stäbe und eine Führung für den "
            "Sicherheitsgurt. Die Gummifüße greifen auf Leder, ohne Spuren. Ein abgedunkeltes Dach hilft Katzen, "
            "denen beim Fahren übel wird."
        ),
        "Mit warmem Wasser waschen; die Doppelwand läuft durch den Stopfen hinten leer.",
    ),
    "fjellkatt-fjell": (
        (
            "Pulverbeschichteter Stahl mit einem Holzboden, der im Winter warm bleibt. Faltet sich nach Gebrauch "
            "in die eigene Tasche. Breit genug für zwei Katzen, die sich mögen, mit einer Trennwand für die "
            "anderen Tage."
        ),
        "Absaugen, feucht abwischen, den Holzboden zweimal im Jahr ölen.",
    ),
    "hollowfern-tailgate": (
        (
            "Halb Box, halb Lounge: runde Ecken, ein gepolsterter Rand und ein Fenster auf jeder Seite. Das "
            "Geschirr rastet mit einem Griff in die Kindersitzhalter ein; eine grüne Marke zeigt, dass es hält. "
            "Am Zeltplatz ein Nachtlager."
        ),
        "Gepolsterten Rand abnehmen und bei 40 °C waschen, den Rest abwischen.",
    ),
    "kestwick-meridian": (
        (
            "Die Box, in der wir die meisten Katzen über Ozeane schicken: Metallschrauben ringsum, eine vierfach "
            "verriegelte Stahltür und Lüftung auf allen vier Seiten. Napf und Flasche werden von außen gefüllt. "
            "Mit saugendem Boden, Aufklebern und einer Tasche für die Papiere; bitte die Größe mit der "
            "Fluggesellschaft abklären."
        ),
        "Schalen abschrauben, desinfizieren, spülen, trocknen. Neue Schrauben und Aufkleber für jede Reise.",
    ),
    "brumvik-isbre": (
        (
            "Mehr Wand für kalte und heiße Vorfelder: Das doppelte Dach lässt dem Wind eine Lücke und spendet "
            "Schatten. Die Türstifte reichen oben und unten tief in den Rahmen. Innen breit, was kräftige Katzen "
            "mehr brauchen als Länge."
        ),
        "Äußeres Dach abnehmen, beide waschen, stehend trocknen. Jeden Türstift prüfen.",
    ),
    "minkaro-perihel": (
        (
            "Eine ernsthafte Box in freundlich: runde Kanten und warme Farben, Stahl, wo es zählt. Niedriger "
            "Einstieg für ältere Katzen, hohes Dach für stolze Ohren. Auf jeder Seite sind zwei Griffe für die "
            "Verladung eingeformt."
        ),
        "Schalen trennen, mit milder Seife waschen, desinfizieren, einen Tag trocknen.",
    ),
    "fjellkatt-nordlys": (
        (
            "Für Winterstrecken gebaut: ein Windfang um die Tür und ein Boden, der zwei Zentimeter Abstand zum "
            "Metall hält. Reflektierende Streifen zeigen sie auf dunklem Vorfeld. Unsere Wahl für langhaarige und"
            " langbeinige Katzen."
        ),
        "Desinfizieren, spülen, offen stehend trocknen. Stumpfe Streifen ersetzen.",
    ),
    "pawlinder-contrail": (
        (
            "Eine faltbare Flugbox, die im Koffer nach Hause fährt. Noch in der Prüfung: Die Scharniere müssen "
            "fünfhundert Verladungen überstehen, bevor eine Katze hineingeht."
        ),
        "Mit Desinfektionsmittel abwischen; Sand von den Scharnieren fernhalten.",
    ),
    "minkaro-dry-pad": (
        "Eine saugfähige Unterlage, die eine Katze einen Tag lang trocken hält; für eine Reise.",
        "Nach der Reise wegwerfen.",
    ),
    "minkaro-fold-bowl": (
        "Ein Napf aus Silikon, der sich flach faltet und innen an der Tasche hält.",
        "Darf in die Spülmaschine.",
    ),
    "minkaro-hold-labels": (
        "Aufkleber „Lebende Tiere“ und „Diese Seite nach oben“, mit Platz für die Adresse.",
        "Jeder Satz klebt einmal.",
    ),
    "minkaro-twin-dish": (
        "Futter und Wasser, von außen zu füllen, ohne die Tür zu öffnen.",
        "Darf in die Spülmaschine; die Haken prüfen.",
    ),
    "minkaro-cabin-set": (
        "Alles für einen Flug unter dem Sitz: die Tasche Murmur, ein faltbarer Napf und eine Unterlage, die bleibt.",
        "Platte herausnehmen, Tasche bei 30 °C von Hand waschen, zwei Tage offen trocknen.",
    ),
    "kestwick-hold-kit": (
        "Was eine Airline im Frachtraum verlangt: die Box, ihre Aufkleber und ein Napf, der von außen gefüllt wird.",
        "Desinfizieren, spülen, offen stehend trocknen.",
    ),
}

GERMAN_NAMES = {
    "minkaro-dry-pad": "Saugunterlage",
    "minkaro-fold-bowl": "Faltnapf",
    "minkaro-hold-labels": "Frachtaufkleber",
    "minkaro-twin-dish": "Doppelnapf",
    "minkaro-cabin-set": "Kabinen-Set",
    "kestwick-hold-kit": "Frachtraum-Set",
}
