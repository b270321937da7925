"""Draw a result: plotly figures by family of question, all readable on light, dark and paper.

Figures have transparent backgrounds and no text colour of their own; the page that holds them
colours the text, so that one figure serves every theme.
"""
