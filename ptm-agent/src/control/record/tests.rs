use proptest::prelude::*;

use super::*;

fn read_back(record: &Record) -> Record {
    let body = record.encode();
    let mut records = Record::read_all(&body);
    assert_eq!(records.len(), 1, "{body:?}");
    records.remove(0)
}

#[test]
fn no_value_can_forge_a_column_a_row_or_a_message() {
    let hostile = "x,pass\nport,cbl status\r\n\"swp1\",fail\u{202e}\u{1b}[2J\0";
    let body = Record::new().with("port", "swp1").with("sysname", hostile).with("portID", "").encode();
    assert_eq!(body, "port,sysname,portID\nswp1,x;pass port;cbl status  'swp1';fail??[2J?,N/A\n");
}

#[test]
fn values_that_are_too_long_end_in_an_ellipsis() {
    let value = format!("{}é", "a".repeat(254));
    let body = Record::new().with("sysname", value).encode();
    assert_eq!(body, format!("sysname\n{}…\n", "a".repeat(252)));
}

#[test]
fn a_port_s_name_from_the_plan_leaves_zebra_s_buffer_whole() {
    let record = Record::new().with("port", "x".repeat(200));
    assert_eq!(record.encode(), format!("port\n{}…\n", "x".repeat(29)));
    assert_eq!(record.cleaned_by(Cleaning::Escape).encode(), format!("port\n{}\n", "x".repeat(200)));
}

#[test]
fn an_escape_is_never_cut_in_two() {
    for length in 245..256 {
        let value = format!("{},,,,,", "a".repeat(length));
        let record = Record::new().with("sysname", value.as_str()).cleaned_by(Cleaning::Escape);
        let read = read_back(&record).unescape();
        let read = read.get("sysname").unwrap().trim_end_matches('…');
        assert!(value.starts_with(read), "{read}");
    }
}

#[test]
fn readers_take_what_ptmd_and_python_write() {
    let records = Record::read_all("cmd, module ,detail\r\nget-status,lldp,yes,surplus\r\n\r\nget-status\n");
    assert_eq!(records[0].get("module"), Some("lldp"));
    assert_eq!(records[0].fields().count(), 3);
    assert_eq!(records[1].fields().collect::<Vec<_>>(), [("cmd", "get-status")]);
    assert_eq!(Record::read_all("\n"), []);
}

#[test]
fn a_column_is_looked_up_by_its_whole_name() {
    let record = &Record::read_all("cmd,portID\nget-status,N/A\n")[0];
    assert_eq!(record.get("cmd_status"), None);
    assert_eq!(record.get("port"), None);
    assert_eq!((record.get("portID"), record.known("portID")), (Some("N/A"), None));
}

#[test]
fn as_many_columns_as_are_read_can_be_answered() {
    let wide = "é,".repeat(200);
    let record = (0..MOST_COLUMNS).fold(Record::new(), |record, _| record.with("c", wide.as_str()));
    assert_eq!(read_back(&record).fields.len(), MOST_COLUMNS);
    let fields = record.fields.iter().map(|(_, value)| (Cow::Owned(value.clone()), value.clone())).collect();
    let body = Record { fields, ..record }.encode();
    assert!((1_000..=LONGEST_SENT).contains(&body.len()), "{} bytes", body.len());
}

fn cleaning() -> impl Strategy<Value = Cleaning> {
    prop_oneof![Just(Cleaning::Replace), Just(Cleaning::Escape)]
}

/// Records of these columns and values.
fn records(column: &'static str, value: &'static str, columns: usize) -> impl Strategy<Value = Record> {
    let fields = prop::collection::vec((column.prop_map(Cow::Owned), value), 1..=columns);
    (fields, cleaning()).prop_map(|(fields, cleaning)| Record { fields, cleaning })
}

proptest! {
    /// Columns too: a client's come back to it in error answers.
    #[test]
    fn whatever_is_in_it_there_is_one_row_of_as_many_values(
        record in records("\\PC{0,20}|(?s).{0,300}", "\\PC*|(?s).{0,300}", 12),
    ) {
        let body = record.encode();
        prop_assert!(body.len() <= LONGEST_SENT);
        prop_assert!(body.ends_with('\n'));
        let lines: Vec<&str> = body.lines().collect();
        prop_assert_eq!(lines.len(), 2);
        for line in lines {
            prop_assert_eq!(line.split(',').count(), record.fields.len());
            prop_assert!(line.split(',').all(|field| !field.is_empty()), "zebra takes an empty name for every key");
        }
        prop_assert!(!body.chars().any(|c| c != '\n' && is_deceptive(c)));
        if record.cleaning == Cleaning::Replace {
            prop_assert_eq!(read_back(&record).encode(), body, "cleaning twice changes nothing");
        }
    }

    #[test]
    fn what_is_escaped_comes_back_as_it_was(
        record in records("[a-z]([a-z ]{0,12}[a-z])?", "(?s)([,\"%\\n\u{202e}é]|.){0,20}", 4),
    ) {
        let record = record.cleaned_by(Cleaning::Escape);
        let read = read_back(&record).unescape();
        prop_assert_eq!(read.fields.len(), record.fields.len());
        for ((column, value), (read_column, read_value)) in record.fields().zip(read.fields()) {
            let value = if value.trim().is_empty() { NOTHING } else { value.trim() };
            prop_assert_eq!((read_column, read_value), (column, value));
        }
    }

    #[test]
    fn what_is_clean_comes_through_as_it_is(
        record in records("[!#-$&-+\\--~]([ !#-$&-+\\--~]{0,20}[!#-$&-+\\--~])?", "[!#-$&-+\\--~]([ !#-$&-+\\--~]{0,50}[!#-$&-+\\--~])?", 16),
    ) {
        prop_assert_eq!(read_back(&record).fields, record.fields);
    }

    #[test]
    fn any_body_is_read_without_harm(body in "(?s)([,\n\r ]|.){0,300}") {
        for record in Record::read_all(&body) {
            prop_assert!((1..=MOST_COLUMNS).contains(&record.fields.len()));
            prop_assert!(record.encode().len() <= LONGEST_SENT);
        }
    }
}
