"""Other systems that hold years of readings, each asked for its series and then for their rows.

    influx_source        InfluxDB 1.x, and 2.x by the same questions
    myems_source         the MySQL databases of a MyEMS
    home_assistant       the long-term statistics of a Home Assistant
    thingsboard          telemetry of ThingsBoard, as its REST API answers

A source only reads, and knows nothing of points: `greenoffice.history.from_source` loads its rows.
"""
