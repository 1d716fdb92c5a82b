//! The words of checks that are followed by a visit by lot.

use super::{Phrase, phrase};

phrases! {
    TITLE = "Lottade besök", "Drawn visits";
    WHAT = "Tillsynen är vald genom lottning. Gå dit efter den, hur den än gick, och säg om sängen är \
            tom. Det är inget larm och har ingen tid: hinner ni inte händer ingenting. Så vet \
            kommunen hur säkert enheten ser.",
           "The check came out by lot. Go there after it, whatever it says, and say whether the \
            bed is empty. It is no alarm and has no deadline: if you cannot go nothing happens. \
            That is how the municipality knows how surely the unit sees.";
    SAY = "Säg hur det var", "Say what you found";
    NONE = "Ingen tillsyn är lottad i natt.", "No check came out by lot tonight.";
    CHECK = "Tillsyn", "Check";
    UNTIL = "Går att säga till", "Can be said until";
    NOBODY = "Sängen är tom", "The bed is empty";
    SOMEBODY = "Någon ligger i sängen", "Somebody is in bed";
    UNKNOWN = "Kan inte säga", "Cannot tell";
    EMPTY = "Är du där just nu, och är sängen tom?", "Are you there now, and is the bed empty?";
    EMPTY_WAY = "Är en säng tom fast enheten såg någon?", "Is a bed empty though the unit saw somebody?";
    EMPTY_WHAT = "Tillsyner som inte är lottade, har setts den senaste halvtimmen och inte har larmat.",
                 "Checks that did not come out by lot, were looked at in the last half hour and asked \
                  nobody.";
    EARLY = "Tillsynen är inte klar än. Gå dit när den är det.",
            "The check is not over yet. Go there when it is.";
    LATE = "Det är mer än en halvtimme sedan enheten såg efter, eller så har den inte gjort det. Då \
            räknas det inte längre.",
           "It is more than half an hour since the unit looked, or it did not look. It counts no more.";
    CHANGED_UNTIL = "Går att ändra till", "Can be changed until";
    TAKE_BACK = "Ångra", "Take it back";
    SETTLED = "Det som är sagt går inte att ändra längre.", "What was said can no longer be changed.";
    NO_SUCH = "Den tillsynen finns inte i natt. Ladda om sidan.",
              "There is no such check tonight. Load the page again.";
    NOT_DRAWN = "Tillsynen är inte lottad. Bara att sängen är tom kan sägas, och bara om tillsynen \
                 inte har larmat.",
                "The check did not come out by lot. Only that the bed is empty can be said of it, and \
                 only if it asked nobody.";
}
