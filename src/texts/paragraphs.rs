//! Texts without the line breaks that they have in the sources only because a line may be so long.

/// The paragraphs of a text, each in one line. Items of a list and rows of a table stay in lines of their
/// own.
pub(crate) fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        let goes_on =
            !joined.is_empty() && !joined.ends_with('\n') && !line.is_empty() && !stands_alone(line);
        if goes_on {
            joined.push(' ');
            joined.push_str(line.trim_start());
            continue;
        }
        if !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(line);
    }
    joined
}

/// Whether a line begins something of its own.
fn stands_alone(line: &str) -> bool {
    let line = line.trim_start();
    ["- ", "* ", "| ", "# ", "```"].into_iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrapped_is_one_line_again_wherever_it_was_wrapped() {
        let once = "Sends a document that shows\nwho one is. It waits.\n\nThen it\nis read.";
        let again = "Sends a document\nthat shows who one is. It waits.\n\nThen it is read.";
        assert_eq!(joined(once), "Sends a document that shows who one is. It waits.\n\nThen it is read.");
        assert_eq!(joined(once), joined(again));
        assert_eq!(joined(&joined(once)), joined(once));
    }

    #[test]
    fn lists_and_tables_keep_their_lines() {
        let list = "It is one of\n- the first, which\n  goes on\n- the second\n\n| a | b |\n| - | - |";
        assert_eq!(
            joined(list),
            "It is one of\n- the first, which goes on\n- the second\n\n| a | b |\n| - | - |"
        );
    }
}
