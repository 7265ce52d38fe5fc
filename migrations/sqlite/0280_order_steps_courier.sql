-- Who got the order by this step, or had it and called it off: what a courier has done is counted by it.
ALTER TABLE order_steps ADD COLUMN courier BLOB;
UPDATE order_steps SET courier = person WHERE role = 'courier' AND state_to IN ('assigned', 'cancelled');
-- Whom the desk had named was not noted. It is known of orders that still have this courier.
UPDATE order_steps SET courier = o.courier FROM orders AS o
    WHERE o.id = order_steps.order_id AND o.courier IS NOT NULL AND o.state <> 'offered'
    AND order_steps.state_to = 'assigned' AND order_steps.role <> 'courier'
    AND order_steps.version = (SELECT max(s.version) FROM order_steps AS s
                               WHERE s.order_id = order_steps.order_id AND s.state_to = 'assigned');
