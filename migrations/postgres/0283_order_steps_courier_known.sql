-- What couriers have done is counted over 90 days. Apart from 0280: this takes a while, and stops nobody.
UPDATE order_steps SET courier = person WHERE role = 'courier' AND state_to IN ('assigned', 'cancelled') AND state_from <> 'no_show'
    AND at > (extract(epoch FROM now()) * 1000)::bigint - 7776000000;
-- Whom the desk had named was not noted. It is known of orders that still have this courier.
UPDATE order_steps SET courier = o.courier FROM orders AS o
    WHERE o.id = order_steps.order_id AND o.courier IS NOT NULL AND o.state <> 'offered'
    AND order_steps.state_to = 'assigned' AND order_steps.role <> 'courier'
    AND order_steps.at > (extract(epoch FROM now()) * 1000)::bigint - 7776000000
    AND order_steps.version = (SELECT max(s.version) FROM order_steps AS s
                               WHERE s.order_id = order_steps.order_id AND s.state_to = 'assigned');
