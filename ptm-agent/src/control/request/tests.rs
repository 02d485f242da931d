use super::*;

fn read(body: &str) -> Result<Option<Command>, Refusal> {
    Command::read(&Message { kind: Kind::Command, cmdid: 0, body: body.into() })
}

fn get_status(body: &str) -> GetStatus {
    match read(body).unwrap().unwrap().request {
        Request::GetStatus(asked) => asked,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reads_the_commands_of_zebra_and_ptmctl() {
    let plain = GetStatus { about: About::Ports, detail: false, more: false, end: false, port: None };
    assert_eq!(get_status("cmd\nget-status\n"), plain);
    assert_eq!(get_status("cmd,detail\nget-status,yes\n"), GetStatus { detail: true, ..plain.clone() });
    assert_eq!(get_status("cmd,module\nget-status,lldp\n"), GetStatus { about: About::Neighbors, ..plain.clone() });
    assert_eq!(get_status("cmd,module\nget-status,BFD\n"), GetStatus { about: About::BfdSessions, ..plain.clone() });
    assert_eq!(
        get_status("cmd,detail,more,end,port\nget-status,yes,yes,yes,eth1\n"),
        GetStatus { about: About::Ports, detail: true, more: true, end: true, port: Some("eth1".to_owned()) }
    );
    for command in ["start-bfd-sess", "stop-bfd-sess", "reg-bfd-client", "dereg-bfd-client", "get-bfd-client"] {
        let body = format!("cmd,client,seqid\n{command},bgp,12\n");
        assert_eq!(read(&body).unwrap().unwrap().request, Request::Bfd);
    }
    assert_eq!(read("cmd\nreload\n").unwrap().unwrap().request, Request::Reload);
    assert_eq!(read("cmd\nget-plan\n").unwrap().unwrap().request, Request::GetPlan);
    assert_eq!(read("cmd\nget-statistics\n").unwrap().unwrap().request, Request::Unknown);
}

#[test]
fn what_is_no_command_is_refused_with_a_sentence() {
    assert_eq!(read(""), Err(Refusal::NoCommand));
    assert_eq!(read("cmd\n"), Err(Refusal::NoCommand));
    assert_eq!(read("cmd_status\nget-status\n"), Err(Refusal::NoCommand));
    let not_text = Message { kind: Kind::Command, cmdid: 0, body: b"cmd\n\xff\n".to_vec() };
    assert_eq!(Command::read(&not_text), Err(Refusal::NotText));
}

#[test]
fn an_answer_gets_no_answer() {
    for kind in [Kind::Notification, Kind::Response] {
        assert_eq!(Command::read(&Message { kind, cmdid: 0, body: b"cmd\nget-status\n".to_vec() }), Ok(None));
    }
}
