//! How often a hello is said, and what answers it.

use super::*;

#[test]
fn a_hello_that_nobody_answers_is_said_again_until_the_hub_does() {
    let mut unit = Unit::start(SimulatedDisk::default(), 0);
    unit.link(LinkEvent::Up);
    let mut said = Vec::new();
    for second in 0..=400 {
        unit.pass(second, Some(LastLook::Fit));
        if unit.taken().contains(&Channel::Hello) {
            said.push(second);
        }
        // That the broker passed it on says nothing of the hub.
        unit.link(LinkEvent::Confirmed(Listeners::Some));
    }
    assert_eq!(said, [0, 30, 90, 210, 330]);
    // A plan alone is no answer: another may have been lost behind it.
    unit.hear(Channel::Plan, wire::encode(&plan_message(1)));
    unit.pass(450, Some(LastLook::Fit));
    assert!(unit.taken().contains(&Channel::Hello));
    let (reports, counts) = (Vec::new(), Vec::new());
    unit.hear(Channel::Ack, wire::encode(&Ack { reports, counts }));
    unit.pass(2_000, Some(LastLook::Fit));
    assert!(!unit.taken().contains(&Channel::Hello));
    // What it holds is news again, and so is a new connection.
    unit.hold_plan(1);
    assert_eq!(unit.taken(), [Channel::Hello]);
    unit.pass(2_200, Some(LastLook::Fit));
    assert!(unit.taken().contains(&Channel::Hello));
}
