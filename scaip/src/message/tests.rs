//! Requests and replies read as they were written, and nothing hostile reads as either.

use proptest::prelude::*;

use super::*;

fn text<F: Field>(value: &str) -> F {
    F::parse(value).unwrap()
}

fn full_request() -> Request {
    Request {
        reference: text("8f2c01ab34de5670"),
        version: Some(Version::FIRST),
        system: Some(SystemConfiguration::SupervisorOnDuty),
        call: Some(CallHandling::Callback),
        kind: Some(MessageType::Information),
        heartbeat: Some(HeartbeatOption::Adjustable),
        controller: text("00012345"),
        device_type: DeviceType::OCCUPANCY_DETECTOR,
        device: Some(text("1")),
        component: Some(text("024")),
        device_text: Some(text("sensor <1> & \"2\"")),
        caller: Some(text("sip:hub@hub.example")),
        status: Some(StatusCode::ABSENT),
        status_text: Some(text("frånvarande")),
        priority: Some(Priority::DEFAULT),
        location: Some(LocationCode::BEDROOM),
        location_value: Some(text("2")),
        location_text: Some(text("sovrum")),
        info: Some(text("007")),
        info_text: Some(text("tillsyn: ej synlig")),
        more: Some(MoreFollows::Nothing),
    }
}

/// What a reply with this inside its root is refused for.
fn refused(inside: &str) -> String {
    let document = format!("<mrs>{inside}</mrs>");
    Reply::from_xml(document.as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_request_is_written_to_the_letter() {
    let mut request = Request::new(text("8f2c01ab34de5670"), text("00012345"), text("18"));
    request.version = Some(Version::FIRST);
    request.kind = Some(MessageType::Message);
    request.device = Some(text("1"));
    request.status = Some(StatusCode::ABSENT);
    request.priority = Some(Priority::DEFAULT);
    request.location = Some(LocationCode::BEDROOM);
    request.info_text = Some(text("tillsyn: ej synlig"));
    assert_eq!(
        request.to_xml(Root::Mrq),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<mrq><ref>8f2c01ab34de5670</ref>\
         <ver>01.00</ver><mty>ME</mty><cid>00012345</cid><dty>0018</dty><did>1</did>\
         <stc>0003</stc><pri>0</pri><lco>012</lco><ite>tillsyn: ej synlig</ite></mrq>"
    );
}

#[test]
fn every_field_comes_back_as_it_was_written_by_either_root() {
    for root in [Root::Mrq, Root::Scaip] {
        let request = full_request();
        assert_eq!(
            Request::from_xml(request.to_xml(root).as_bytes()),
            Ok(request)
        );
        let reply = Reply {
            reference: text("a1"),
            verdict: Verdict::Busy,
            text: Some(text("upptaget & \"fullt\" <9>")),
            version: Some(text("01.00")),
            media: Some(text("1")),
            call: Some(text("61")),
            transferred: Some(text("sip:x@y")),
            interval: Some(IntervalClass::Three),
        };
        assert_eq!(Reply::from_xml(reply.to_xml(root).as_bytes()), Ok(reply));
    }
}

#[test]
fn a_reply_that_cannot_be_used_says_which_tag_and_why() {
    assert_eq!(refused("<snu>0</snu>"), "tag `ref`: missing");
    assert_eq!(refused("<ref>a</ref><snu/>"), "tag `snu`: missing");
    assert_eq!(
        refused("<ref>a</ref><snu>0</snu><snu>6</snu>"),
        "tag `snu`: stands twice"
    );
    assert_eq!(
        refused("<ref>a</ref><snu>no</snu>"),
        "tag `snu`: only digits may stand here"
    );
    assert_eq!(
        refused("<ref><b>a</b></ref><snu>0</snu>"),
        "tag `ref`: holds tags where text is due"
    );
    assert_eq!(
        Reply::from_xml(b"<mrq><ref>a</ref></mrq>")
            .unwrap_err()
            .to_string(),
        "the root is `mrq` and not `mrs`"
    );
}

#[test]
fn no_entity_and_no_document_type_is_taken() {
    for hostile in [
        "<!DOCTYPE mrs [<!ENTITY a \"b\">]><mrs><ref>a</ref><snu>0</snu></mrs>",
        "<!DOCTYPE mrs SYSTEM \"file:///etc/passwd\"><mrs><ref>a</ref><snu>0</snu></mrs>",
        "<mrs><ref>&a;</ref><snu>0</snu></mrs>",
        "<mrs><?php x ?><ref>a</ref><snu>0</snu></mrs>",
    ] {
        let error = Reply::from_xml(hostile.as_bytes()).unwrap_err();
        assert!(
            matches!(error, ReadError::Forbidden(_)),
            "{hostile}: {error}"
        );
    }
}

#[test]
fn what_other_receivers_add_does_no_harm() {
    let reply = "\u{feff}<?xml version='1.0'?>\n<!-- x -->\n<s:mrs xmlns:s='urn:x' a='b'>\n  \
                 <snu> 0 </snu>\n <new><deep>1</deep></new><ste><![CDATA[a&b]]>&amp;&#229;</ste>\n \
                 <ref>a1</ref>\n</s:mrs>\r\n";
    let reply = Reply::from_xml(reply.as_bytes()).unwrap();
    assert_eq!(reply.reference.as_str(), "a1");
    assert_eq!(reply.verdict, Verdict::Ok);
    assert_eq!(reply.text.unwrap().as_str(), "a&b&å");
}

#[test]
fn half_a_document_is_no_document() {
    let whole = Reply::new(text("a1"), Verdict::Ok).to_xml(Root::Mrq);
    for end in 0..whole.len() {
        assert!(
            Reply::from_xml(&whole.as_bytes()[..end]).is_err(),
            "{}",
            &whole[..end]
        );
    }
    let twice = format!("{whole}{}", whole.split_once('\n').unwrap().1);
    assert!(Reply::from_xml(twice.as_bytes()).is_err());
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let long = vec![b' '; BYTES_MAX + 1];
    assert_eq!(
        Reply::from_xml(&long),
        Err(ReadError::TooLarge {
            bytes: BYTES_MAX + 1
        })
    );
    let many = format!("<mrs>{}</mrs>", "<a/>".repeat(100));
    assert_eq!(Reply::from_xml(many.as_bytes()), Err(ReadError::TooMany));
    let deep = format!("<mrs>{}</mrs>", "<a>".repeat(100));
    assert_eq!(Reply::from_xml(deep.as_bytes()), Err(ReadError::TooMany));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _either = (Reply::from_xml(&bytes), Request::from_xml(&bytes));
    }

    #[test]
    fn any_scramble_of_markup_is_read_or_refused(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "<mrs>", "</mrs>", "<ref>", "</ref>", "<snu>0</snu>", "a1", "<a/>", "&amp;", "&#0;",
                "&x;", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE", "<?xml", "?>", "\"", " ", "å",
                "\0", ">", "<",
            ]),
            0..24,
        )
    ) {
        let _either = Reply::from_xml(parts.concat().as_bytes());
    }

    #[test]
    fn whatever_a_text_holds_it_comes_back(info in "[^\\p{C}]{1,128}") {
        prop_assume!(info.trim() == info && InfoText::parse(&info).is_ok());
        let mut request = full_request();
        request.info_text = Some(text(&info));
        let written = request.to_xml(Root::Mrq);
        prop_assert_eq!(Request::from_xml(written.as_bytes()), Ok(request));
    }
}
