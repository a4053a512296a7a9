"""A small dictionary of technical English: a German word, and the English words that it stands for.

Words with no stroke between them are taken for synonyms. On the way through German all words of a line become one and the same,
as "used" and "uses" do, which are both "verwendet". Both are rough: no line knows what a sentence is about.
"""

DICTIONARY = """
angeben: specify state indicate
angegeben: specified given provided stated
anwenden: apply
angewendet: applied
verwendet: used employed utilised / uses employs
benutzen: use employ utilise
ändern: change modify alter
geändert: changed modified altered
anfänglich: initial starting
Anfang: start beginning
Ende: end finish
Anzahl: number count amount
Argument: argument parameter
Argumente: arguments parameters
Art: kind type sort
aufrufen: call invoke
aufgerufen: called invoked
ausführen: run execute perform
ausgeführt: executed performed done
Ausführung: execution running
ausgeben: print show display
Ausgabe: output
Ausgaben: outputs
Ausnahme: exception
Ausnahmen: exceptions
Fehler: error mistake fault / errors mistakes faults
Auswahl: selection choice
auswählen: choose select pick
gewählt: chosen selected picked
bauen: build construct
machen: make
Bedingung: condition requirement / conditions requirements
beeinflussen: affect influence
behalten: keep retain preserve
behandeln: handle treat
behandelt: handled treated / handles treats
Beispiel: example illustration / examples illustrations
bekannt: known familiar
bekommen: get obtain receive / gets obtains receives
erhalten: obtained received got
benötigen: need require
benötigt: needed required / needs requires
nötig: necessary essential
Benutzer: user / users
berechnen: compute calculate evaluate
berechnet: computed calculated evaluated / computes calculates evaluates
Berechnung: computation calculation
Bereich: range interval domain
beschreiben: describe explain
beschreibt: describes explains
Beschreibung: description explanation
bestimmen: determine
bestimmt: certain particular specific / determines
bleiben: remain stay
darstellen: represent denote
bedeutet: means signifies
Darstellung: representation
Datei: file document
Dateien: files documents
Daten: data
Datensatz: dataset
Stichprobe: sample / samples
definieren: define declare
definiert: defined declared / defines declares
derzeit: currently presently
Ding: thing item
Objekt: object / objects
Durchschnitt: average mean
Eigenschaft: property attribute / properties attributes
einfach: simple easy plain / simply easily
hinzufügen: insert add append
hinzugefügt: inserted added appended
Eingabe: input / inputs
Eintrag: entry / entries
Einstellung: setting option / settings options
einzeln: single individual separate
Element: element member / elements members
enthalten: contain include hold / contained included held
enthält: contains includes holds
entfernen: remove delete drop
entfernt: removed deleted dropped / removes deletes drops
entsprechend: corresponding matching respective / accordingly
Ergebnis: result outcome / results outcomes
erlauben: allow permit enable
erlaubt: allowed permitted enabled / allows permits enables
erscheinen: appear occur
erste: first
erwartet: expected anticipated / expects anticipates
erzeugen: create generate produce
erzeugt: created generated produced / creates generates produces
Faktor: factor coefficient
falsch: wrong incorrect
fertig: ready complete finished
finden: find locate discover
gefunden: found located discovered
Folge: sequence series
folgend: following subsequent
Format: format layout
Funktion: function routine / functions routines
geben: give supply provide
gibt: gives supplies provides
genau: exact precise accurate / exactly precisely accurately
gesamt: whole entire full
Geschwindigkeit: speed
gewöhnlich: usually normally commonly
gleich: equal identical / same
gleichzeitig: simultaneously concurrently
groß: large big great
größer: larger bigger greater
Größe: size magnitude / sizes magnitudes
Menge: set collection / sets collections
Gruppe: group / groups
gut: good / well
besser: better superior
beste: best optimal
gültig: valid legal
häufig: frequent common
Haupt: main principal primary
helfen: help assist
Hinweis: note remark / notes remarks
hoch: high
Inhalt: content
innerhalb: inside within
Instanz: instance / instances
klein: small little tiny
kleiner: smaller lower
Klasse: class category / classes categories
kombinieren: combine join merge
kombiniert: combined joined merged
kompliziert: complicated complex
konvertieren: convert transform
konvertiert: converted transformed / converts transforms
Kopie: copy duplicate / copies duplicates
kurz: short brief
lang: long
Länge: length
langsam: slow / slowly
laden: load
leer: empty blank
lernen: learn study
letzte: last final
Liste: list / lists
liefern: return yield
liefert: returns yields
zurückgegeben: returned yielded
Lösung: solution answer
manchmal: sometimes occasionally
mehrere: multiple several various
Merkmal: feature characteristic / features characteristics
messen: measure gauge
Methode: method procedure / methods procedures
minimieren: minimise minimize
Modell: model / models
möglich: possible feasible
Möglichkeit: possibility way / possibilities ways
Muster: pattern template
Nachricht: message notice / messages notices
nächste: next / nearest closest
Name: name / names
neu: new fresh
Null: zero
nützlich: useful helpful
oft: often frequently
Ordnung: order arrangement
Ort: location place position
Paar: pair couple / pairs couples
Prüfung: check test / checks tests
prüfen: verify validate
Punkt: point / points
Quelle: source origin
Rand: boundary edge border
Rest: remainder rest
richtig: correct right proper / correctly properly
schätzen: estimate approximate
schnell: fast quick rapid / quickly rapidly
schneller: faster quicker
schreiben: write / writes
Schritt: step stage / steps stages
speichern: store save
gespeichert: stored saved / stores saves
Standard: default standard
stark: strong powerful
Struktur: structure organisation
suchen: search seek
Teil: part piece portion / parts pieces portions
teilen: split divide
Text: text
überprüft: checked verified tested
ungültig: invalid illegal
unterschiedlich: different distinct
unterstützen: support
unterstützt: supported / supports
ursprünglich: original / originally initially
Version: version variant
Verbindung: connection link
Vergleich: comparison contrast
verhindern: prevent avoid
Verhalten: behavior behaviour conduct
verschieben: shift move
Verteilung: distribution / distributions
versuchen: try attempt / tries attempts
verursachen: cause induce
Vorgang: operation action / operations actions
vorher: previously earlier
Vorhersage: prediction forecast / predictions forecasts
Wahrscheinlichkeit: probability likelihood / probabilities likelihoods
Weg: path route
Wert: value / values
wichtig: important significant
wiederholen: repeat iterate
beliebig: arbitrary any
wirklich: actual real / actually really
zufällig: random / randomly
Zeile: line row / lines rows
Zeit: time / times
Ziel: target goal aim
zusätzlich: additional extra further
Zustand: status
Zweck: purpose objective
Zeichenkette: string / strings
Matrix: matrix / matrices
der: the
ein: a / an / one
und: and
oder: or
von: of / from / by
in: in / into
auf: on / onto
bei: at / near
mit: with
für: for
ist: is
sind: are
sein: be / its / their
wird: will / becomes
wenn: if / when / whenever
als: as / than
nicht: not
zu: to / too
dass: that
dieser: this / these
es: it
nur: only / just
jeder: each / every
kann: can / may
muss: must
sollte: should
auch: also
welcher: which / whose
alle: all
kein: no
vor: before / ago
nach: after
über: over / about
durch: through
"""


def _entries() -> list[tuple[str, list[list[str]]]]:
    """Each German word with its groups of English ones."""
    lines = (line.partition(": ") for line in DICTIONARY.strip().splitlines())
    return [(german, [group.split() for group in english.split(" / ")]) for german, _, english in lines]


def synonyms() -> dict[str, list[str]]:
    """For each English word of the dictionary that has some: its synonyms."""
    groups = [group for _, found in _entries() for group in found]
    return {word: [each for each in group if each != word] for group in groups for word in group if len(group) > 1}


def german() -> dict[str, str]:
    """The German word for each English one."""
    return {word: name for name, groups in _entries() for group in groups for word in group}


def english() -> dict[str, str]:
    """The English word that comes first in a dictionary for each German one."""
    return {name: groups[0][0] for name, groups in _entries()}
