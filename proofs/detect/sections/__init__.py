"""The parts of `make bench-detect`, each by the name that `--only` takes.

fleets     generated meters, all detectors
recorded   recorded buildings with events put in, all detectors
office     a simulated office with priced faults, event by event, ours
media      recorded water, gas and heat without labels, ours
harmless   what must not be told: weather, closures, holidays, tenants
lasting    waste of 14 to 90 days, generated and put into recordings
hours      single hours outside of what they were lately, beside stretches, generated
second     whether boosted trees tell learnt hours better than the regression
"""
