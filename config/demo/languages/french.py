"""The range in French: what each container is, and how it is cleaned."""

FRENCH: dict[str, tuple[str, str]] = {
    "minkaro-murmur": (
        (
            "Un sac discret pour tous les jours, en filet sur trois côtés, dont le couvercle s’ouvre vers l’avant : "
            "on y dépose par le haut même un chat craintif. La plaque de fond coulisse pour le nettoyage et rigidifie "
            "le sac sous le siège de l’avion. Les fermetures à glissière courent dans des gaines et se terminent par "
            "un clip qu’aucune patte n’a encore ouvert."
        ),
        (
            "Retirer la plaque, laver le sac à la main à 30 °C, le laisser sécher ouvert pendant deux jours. La "
            "polaire passe en machine."
        ),
    ),
    "hollowfern-sliver": (
        (
            "Le plat : avec ses 40 × 27 × 20 cm, il se glisse sous des sièges où d’autres sacs sont refusés. Une fois "
            "assis, on relève le toit à la main pour qu’un petit chat puisse tendre le cou. Idéal pour les chats "
            "minces jusqu’à environ 5 kg ; mesurez d’abord, un grand chat ne pourra pas s’y tenir debout."
        ),
        (
            "Essuyer à l’eau savonneuse, rincer le filet, faire sécher à plat et à l’ombre pendant deux jours. Jamais "
            "au sèche-linge."
        ),
    ),
    "pawlinder-tuck-and-turn": (
        (
            "Fermé, c’est un sac de cabine ; à la porte d’embarquement, une fermeture libère une aile latérale et "
            "double la surface au sol. L’aile se replie en quelques secondes, même si le chat a d’autres projets. Au "
            "dos, un passant se glisse sur la poignée d’une valise."
        ),
        "Brosser les poils, laver à la main à 30 °C, l’aile ouverte, et laisser sécher deux jours entiers.",
    ),
    "olivetto-piazza": (
        (
            "Un cabas d’épaule pour les petits trajets et les chats calmes : chez le vétérinaire, au café, chez "
            "grand-mère. Coton ciré à l’extérieur, doublure lavable à l’intérieur et un rebord rembourré où poser le "
            "menton. Une courte laisse s’attache au harnais, jamais au collier."
        ),
        "Tamponner le coton ciré à l’eau froide uniquement ; la doublure se déboutonne et se lave à 40 °C.",
    ),
    "fjellkatt-ullbo": (
        (
            "Un feutre de laine épais sur une armature légère : il étouffe le bruit, tient chaud et sent la maison "
            "après une seule sieste. Le petit porche rond permet à un chat inquiet de regarder dehors sans être vu. À "
            "la maison, le sac reste ouvert comme une grotte, ce qui rend le voyage suivant bien plus facile."
        ),
        "Aérer, brosser, détacher au savon pour laine. Le feutre met trois jours à sécher : pas de radiateur.",
    ),
    "brumvik-vika": (
        (
            "Notre sac le plus loué. Les deux bouts et tout le couvercle s’ouvrent : il y a toujours une porte là où "
            "votre chat ne regarde pas. Passepoils réfléchissants, une poche pour les papiers et une fenêtre pour "
            "l’étiquette d’adresse."
        ),
        "Secouer, aspirer, laver à la main à 30 °C ; le coussin passe en machine. Deux jours sur le fil à linge.",
    ),
    "fjellkatt-hytte": (
        (
            "Une petite cabane robuste, avec une porte en grille d’acier qui s’ouvre des deux côtés. Quatre loquets à "
            "ressort libèrent le toit : le vétérinaire examine un chat qui n’a pas à quitter sa couverture. La rigole "
            "au sol garde les pattes au sec si le trajet se passe mal."
        ),
        "Détacher le toit, rincer les deux coques au jet, désinfecter, bien rincer. Sèche et prête le lendemain.",
    ),
    "kestwick-harbour": (
        (
            "Le classique silencieux à coque basse profonde : la plupart des chats se couchent derrière sa haute "
            "paroi et observent de là. La poignée se rabat, si bien que deux caisses s’empilent sans risque sur une "
            "banquette arrière. Les loquets font entendre un clic quand ils sont vraiment fermés."
        ),
        "Laver à l’eau chaude et au savon doux. Vérifier chaque fois les quatre loquets et les tiges de la porte.",
    ),
    "brumvik-tvedor": (
        (
            "Deux portes, devant et sur le toit : les chats qui s’arc-boutent devant toute porte frontale entrent par "
            "le haut sans discuter. De larges ouvertures laissent circuler l’air quand il fait chaud. La porte du "
            "toit s’ouvre à gauche ou à droite."
        ),
        "Nettoyer à la brosse douce et au désinfectant, sans oublier la charnière du toit. Sèche le jour même.",
    ),
    "minkaro-cobble": (
        (
            "Ronde comme un galet, sans un angle où accrocher une griffe ou une manche. La porte fumée se relève "
            "comme une visière et reste ouverte. Sur le canapé, elle passe pour un meuble ; beaucoup sont achetées "
            "après une location."
        ),
        "Essuyer la coque avec un chiffon doux, la porte à l’eau seulement. Le coussin se lave à 40 °C.",
    ),
    "hollowfern-cove": (
        (
            "Conçue avec des assistantes vétérinaires : toute la moitié avant se soulève et laisse un plateau bas où "
            "un chat se repose. Les fentes arrondies laissent entrer l’air, mais ne laissent sortir aucune petite "
            "patte. La fenêtre accueille la carte de la clinique."
        ),
        "Toutes les pièces passent au lave-vaisselle à 60 °C ; sécher et vérifier les clips.",
    ),
    "pawlinder-orbit": (
        (
            "Une grande bulle et, dedans, un chat qui croit voler. Par temps chaud, la bulle cède la place à un filet "
            "; neuf anneaux d’aération gardent l’air frais dans les deux cas. Une sangle de poitrine soulage les "
            "épaules."
        ),
        "Laver la bulle à l’eau tiède avec un chiffon doux, essuyer la coque. Sec en deux jours.",
    ),
    "fjellkatt-sti": (
        (
            "Un vrai sac de randonnée, avec ceinture de hanches, dos aéré et un chat dans le compartiment principal. "
            "Filet sur trois côtés, housse de pluie dans le fond, poche à gourde et boucle pour la gamelle pliable. "
            "Éprouvé sur quatre heures de montée avec un matou de 6 kg, qui a dormi."
        ),
        "Brosser la boue sèche, laver à la main à 30 °C, suspendre deux jours par la boucle.",
    ),
    "minkaro-lookout": (
        (
            "Une haute façade transparente, du menton à la queue, pour le chat qui doit tout voir. Le bas est fumé : "
            "il peut aussi se cacher. La trappe du haut s’ouvre assez pour gratter un menton dans le tram."
        ),
        "Nettoyer la façade à l’eau seulement, essuyer le tissu, laisser sécher deux jours, trappe ouverte.",
    ),
    "olivetto-vespera": (
        (
            "Un sac à dos de bureau qui, par hasard, contient un chat. Lisse dehors, matelassé dedans, avec un filet "
            "caché sous un rabat qui s’enroule et se boutonne. La sangle du dos se passe sur la poignée d’une valise."
        ),
        "Essuyer avec un chiffon humide et un peu de savon glycériné ; la doublure matelassée se lave à 40 °C.",
    ),
    "hollowfern-bramble": (
        (
            "Se déplie à l’arrière en une tente deux fois plus profonde, pour les longues attentes entre deux trains. "
            "Deux hublots et une large bande de filet : le chat choisit entre regarder et somnoler. Assez léger pour "
            "être porté vide toute une journée."
        ),
        "Déplier, aspirer, laver à la main à 30 °C et laisser ouvert pendant trois jours.",
    ),
    "kestwick-concourse": (
        (
            "Quatre roulettes souples qui vont dans toutes les directions et s’entendent à peine sur la pierre. Le "
            "plancher suspendu éloigne du chat les vibrations, ce qui gêne le plus la plupart d’entre eux. La poignée "
            "s’arrête à trois hauteurs et se bloque une fois rentrée."
        ),
        "Nettoyer les roulettes, essuyer la coque, laver le coussin à 40 °C. Prêt après un jour.",
    ),
    "pawlinder-sway": (
        (
            "Trolley, sac à dos et sac de transport en un : les roulettes se rangent dans le fond, les bretelles "
            "sortent du dos. Une grande fenêtre frontale en filet solide et une fermeture à crochet. Pour les voyages "
            "avec des escaliers au milieu."
        ),
        "Détacher les roulettes, laver le corps à la main à 30 °C, laisser sécher deux jours.",
    ),
    "brumvik-trikk": (
        (
            "Un petit tramway pour chat : une coque rigide sur deux grandes roues qui montent les trottoirs et les "
            "pavés. Des fenêtres panoramiques à grille d’acier longent les deux côtés. La porte est à l’avant, assez "
            "basse pour entrer à pied."
        ),
        "Rincer la coque au jet, sécher l’essieu, une goutte d’huile tous les trois mois.",
    ),
    "minkaro-trundle": (
        (
            "Le sympathique au couvercle rond : il roule comme un chariot de courses et s’ouvre comme un landau. Deux "
            "chats d’une même portée y tiennent côte à côte. La fenêtre du couvercle s’enroule de l’extérieur, d’une "
            "seule main."
        ),
        "Détacher la doublure à ses pressions, la laver à 40 °C, essuyer l’armature.",
    ),
    "brumvik-bollard": (
        (
            "Des tubes d’aluminium soudés autour d’un bac fermé, arrimés par deux sangles. La face inclinée suit le "
            "dossier arrière : aucune place perdue. Une trappe de secours à l’arrière s’ouvre de l’extérieur quand le "
            "hayon ne s’ouvre plus."
        ),
        "Rincer le bac, essuyer les tubes, vérifier que les deux sangles se tendent bien.",
    ),
    "kestwick-milestone": (
        (
            "Une caisse grise et calme pour la banquette arrière : doubles parois, barreaux serrés et un passage pour "
            "la ceinture de sécurité. Les pieds en caoutchouc tiennent sur le cuir sans le marquer. Le toit assombri "
            "aide les chats malades en voiture."
        ),
        "Laver à l’eau chaude ; la double paroi se vide par le bouchon arrière.",
    ),
    "fjellkatt-fjell": (
        (
            "De l’acier thermolaqué avec un plancher de bois qui reste chaud en hiver. Se replie à plat dans sa "
            "propre housse. Assez large pour deux chats qui s’aiment bien, avec une cloison pour les autres jours."
        ),
        "Aspirer, essuyer avec un chiffon humide, huiler le plancher deux fois par an.",
    ),
    "hollowfern-tailgate": (
        (
            "Moitié caisse, moitié salon : des angles arrondis, un rebord rembourré et une fenêtre de chaque côté. Le "
            "harnais s’accroche d’un geste aux ancrages pour siège enfant ; un repère vert montre qu’il tient. Au "
            "camping, c’est un abri pour la nuit."
        ),
        "Retirer le rebord rembourré et le laver à 40 °C ; essuyer le reste.",
    ),
    "kestwick-meridian": (
        (
            "La caisse dans laquelle nous envoyons le plus de chats au-delà des océans : boulons en métal tout "
            "autour, porte en acier à quatre points et aération sur les quatre côtés. Gamelle et bouteille se "
            "remplissent de l’extérieur. Fournie avec un fond absorbant, des étiquettes et une pochette pour les "
            "papiers ; confirmez la taille auprès de votre compagnie aérienne."
        ),
        ("Dévisser les coques, désinfecter, rincer et sécher. Des boulons et des étiquettes neufs pour chaque voyage."),
    ),
    "brumvik-isbre": (
        (
            "Des parois en plus pour les tarmacs froids ou brûlants : le double toit laisse passer le vent et fait de "
            "l’ombre au chat. Les tiges de la porte s’enfoncent loin dans le cadre, en haut et en bas. Large à "
            "l’intérieur, ce dont les chats costauds ont plus besoin que de longueur."
        ),
        "Retirer le toit extérieur, laver les deux, faire sécher debout. Vérifier chaque tige de la porte.",
    ),
    "minkaro-perihel": (
        (
            "Une caisse sérieuse à l’air aimable : bords arrondis et couleurs chaudes, de l’acier là où il compte. "
            "Entrée basse pour les chats âgés, toit haut pour les oreilles fières. Deux poignées sont moulées de "
            "chaque côté pour la manutention."
        ),
        "Séparer les coques, laver au savon doux, désinfecter, laisser sécher un jour.",
    ),
    "fjellkatt-nordlys": (
        (
            "Faite pour les lignes d’hiver : un coupe-vent autour de la porte et un plancher à deux centimètres du "
            "métal. Des bandes réfléchissantes la signalent sur un tarmac sombre. Notre choix pour les chats à poils "
            "longs et à longues pattes."
        ),
        "Désinfecter, rincer, laisser sécher debout et ouverte. Changer les bandes réfléchissantes ternies.",
    ),
    "pawlinder-contrail": (
        (
            "Une caisse d’avion pliable qui rentre à la maison dans une valise. Encore à l’essai : les charnières "
            "doivent survivre à cinq cents chargements avant qu’un chat y entre."
        ),
        "Essuyer au désinfectant ; garder les charnières à l’abri du sable.",
    ),
    "minkaro-dry-pad": (
        "Une alèse absorbante qui garde un chat au sec pendant un jour ; elle sert une fois.",
        "À jeter après le voyage.",
    ),
    "minkaro-fold-bowl": (
        "Une gamelle en silicone qui se plie à plat et s’accroche à l’intérieur du sac.",
        "Passe au lave-vaisselle.",
    ),
    "minkaro-hold-labels": (
        "Les étiquettes « Animaux vivants » et « Haut », avec une place pour l’adresse.",
        "Chaque jeu ne se colle qu’une fois.",
    ),
    "minkaro-twin-dish": (
        "De quoi manger et boire, à remplir de l’extérieur sans ouvrir la porte.",
        "Passe au lave-vaisselle ; vérifier les crochets.",
    ),
    "minkaro-cabin-set": (
        (
            "Tout pour un vol sous le siège : le sac Murmur, une gamelle qui se plie à plat et une alèse qui reste à "
            "vous."
        ),
        "Retirer la plaque, laver le sac à la main à 30 °C, le laisser sécher ouvert pendant deux jours.",
    ),
    "kestwick-hold-kit": (
        (
            "Ce qu’une compagnie demande en soute : la caisse, ses étiquettes et une gamelle qui se remplit de "
            "l’extérieur."
        ),
        "Désinfecter, rincer, laisser sécher debout et ouverte.",
    ),
}

FRENCH_NAMES = {
    "minkaro-dry-pad": "Alèse absorbante",
    "minkaro-fold-bowl": "Gamelle pliable",
    "minkaro-hold-labels": "Étiquettes de soute",
    "minkaro-twin-dish": "Gamelle double",
    "minkaro-cabin-set": "Ensemble cabine",
    "kestwick-hold-kit": "Ensemble soute",
}
